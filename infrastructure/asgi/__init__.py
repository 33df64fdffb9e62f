"""What all servers over HTTP share: who gets in, what one request may take, and how they run."""
