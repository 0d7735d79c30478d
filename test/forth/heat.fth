\ Heat: what runs long is hot, cools when others run, and shows in the window and the transitions.
decimal
variable n
: hot-one 4000000 0 do i n +! loop ;
: hot-two 4000000 0 do i n @ xor n ! loop ;
: cold 1 drop ;
: until-hot ( xt n -- ) begin over execute over heat over >= until 2drop ; \ however busy the host is
: both hot-one hot-two ;
t{ ' cold heat -> 0 }t
t{ ' hot-one 6000 until-hot ' hot-one heat 5000 > ' hot-one heat ' cold heat > -> true true }t
create seen 8 cells allot
t{ seen 8 window dup 0> swap 8 <= seen @ ' hot-one = -> true true true }t
t{ ' hot-one ' hot-one transitions 0> ' cold ' hot-one transitions -> true 0 }t
t{ ' hot-one heat ' hot-two 12000 until-hot ' hot-one heat > ' hot-two heat 5000 > -> true true }t
: mixed ( -- n ) ['] hot-one ['] hot-two transitions ['] hot-two ['] hot-one transitions + ;
: until-mixed begin both mixed 0> until ;
t{ until-mixed mixed 0> -> true }t
t{ s" 5 heat" thrown s" 0 0 transitions" thrown s" 1 8 window" thrown -> -13 -13 -9 }t
heat.
report
