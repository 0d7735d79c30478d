create table item(id integer primary key, name text not null, price real, unique(name));
with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000)
  insert into item select i, printf('item-%05d', (i * 7919) % 3001), (i * 37 % 1000) / 7.0 from n;
create index by_price on item(price);
select count(*), round(sum(price), 6), min(name), max(name) from item;
select name, round(price, 3) from item where price between 20 and 21 order by price desc, name limit 5;
begin; delete from item where id % 3 = 0; rollback;
select count(*) from item;
update item set price = price * 2 where name like 'item-000%';
select group_concat(name, ';') from (select name from item where price > 280 order by name limit 4);
select json_extract('{"a":[1,2,{"b":7}]}', '$.a[2].b'), upper(hex(x'00ff10')), 7 / 2, -7 % 3, 1e308 * 10, typeof(null);
insert into item values(1, 'twice', 1);
create view cheap as select * from item where price < 1;
select count(*) from cheap;
select a.id, b.id from item a join item b on a.price = b.price and a.id < b.id order by 1, 2 limit 3;
select quote(substr(name, 3)), row_number() over (order by name desc) from item order by name limit 3;
pragma integrity_check;
