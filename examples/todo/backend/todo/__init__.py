"""The backend of the application `todo`: tasks in PostgreSQL, behind HTTP."""
