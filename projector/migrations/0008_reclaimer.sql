-- Who moves claims to the layer of a new pepper during its rotation; only the lease is used.
insert into zameni.checkpoints (projection, version) values ('reclaimer', 1);
