-- By what a body that is set aside is known again: what is read or sent again, as after a kill, is set aside once.
alter table set_aside add column digest bytea;
create index set_aside_digest on set_aside (partition, digest);
