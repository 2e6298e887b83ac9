-- Every audit lane by name, so that their heads are found without a walk over all rows, and a lane that is gone shows.
create table lane (lane text not null, since integer not null, primary key (lane)) without rowid;
insert into lane (lane, since) select lane, min(at) from audit group by lane;
