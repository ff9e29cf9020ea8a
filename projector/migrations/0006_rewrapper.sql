-- Who wraps people's keys anew after a rotation of the key-encryption key; only the lease is used.
insert into zameni.checkpoints (projection, version) values ('rewrapper', 1);
