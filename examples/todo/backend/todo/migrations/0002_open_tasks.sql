-- The list of what is still to do, newest first.
CREATE INDEX task_open ON task (id DESC) WHERE NOT done;
