"""Eagle Eye's API v3, with OAuth."""
