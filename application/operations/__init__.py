"""Looking after stores as a whole: copies of them, backups, and whether they are well."""
