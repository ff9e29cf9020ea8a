-- How far the eraser has come, which deletes keys and released claims from the log. Everything up to
-- here is forgotten; what lies behind it may be deleted once more, which changes nothing.
insert into zameni.checkpoints (projection, version) values ('eraser', 1);
