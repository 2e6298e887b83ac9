-- Every audit lane by name, so that their heads are found without a walk over all rows, and a lane that is gone shows.
create table lane (lane text collate "C" not null, since bigint not null, primary key (lane));
insert into lane (lane, since) select lane, min(at) from audit group by lane;
