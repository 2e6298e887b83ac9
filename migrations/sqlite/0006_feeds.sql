-- Usage by day, by how a unit was sent and by how late it came: so a silent feed and a changed unit show. What was counted
-- before stays, as day 0 and not noted how.
create table usage_by_day (
  partition integer not null, lane text not null, source text not null, code integer not null, unit text not null,
  sent integer not null,                  -- 0 not noted, 1 no unit, 2 a word, 3 a UCUM code
  day integer not null,                   -- of the known time, in days of UTC since 1970; 0: days laid together
  count integer not null, first integer not null, last integer not null,
  -- of these: that have a clinical time, and known within an hour, a day, a week of it; the same of their recorded time
  clinical integer not null, clinical_hour integer not null, clinical_day integer not null, clinical_week integer not null,
  recorded integer not null, recorded_hour integer not null, recorded_day integer not null, recorded_week integer not null,
  primary key (partition, lane, source, code, unit, sent, day)
) without rowid;
insert into usage_by_day (partition, lane, source, code, unit, sent, day, count, first, last, clinical, clinical_hour, clinical_day, clinical_week, recorded, recorded_hour, recorded_day, recorded_week)
  select partition, lane, source, code, unit, 0, 0, count, first, last, 0, 0, 0, 0, 0, 0, 0, 0 from usage;
drop table usage;
alter table usage_by_day rename to usage;
