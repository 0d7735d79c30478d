\ Heat: what runs long is hot, cools when others run, and shows in the window and the transitions.
decimal
variable n
: hot-one 4000000 0 do i n +! loop ;
: hot-two 4000000 0 do i n @ xor n ! loop ;
: cold 1 drop ;
: until-ns ( xt ns -- ) ticks + >r begin dup execute ticks r@ u> until drop r> drop ;
t{ ' cold heat -> 0 }t
t{ ' hot-one 200000000 until-ns ' hot-one heat 5000 > -> true }t
t{ ' hot-one heat ' cold heat > -> true }t
create seen 8 cells allot
t{ seen 8 window dup 0> swap 8 <= seen @ ' hot-one = -> true true true }t
t{ ' hot-one ' hot-one transitions 0> ' cold ' hot-one transitions -> true 0 }t
t{ ' hot-one heat ' hot-two 200000000 until-ns ' hot-one heat > ' hot-two heat 5000 > -> true true }t
t{ ' hot-one ' hot-two transitions 0> -> true }t
t{ s" 5 heat" thrown s" 0 0 transitions" thrown s" 1 8 window" thrown -> -13 -13 -9 }t
heat.
report
