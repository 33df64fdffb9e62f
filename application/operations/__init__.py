"""Operations on whole stores: copies, backups and health checks."""
