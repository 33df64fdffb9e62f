"""Rules about the code as a whole: who imports whom, what is installed, what is checked."""
