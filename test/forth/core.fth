\ Core and Core extensions, in our own words.
decimal
0 invert constant -1s   0 invert 1 rshift constant maxi   maxi invert constant mini
t{ 1 2 + -> 3 }t   t{ maxi 1+ -> mini }t   t{ 7 3 - -> 4 }t   t{ -3 5 * -> -15 }t
t{ 7 2 / -7 2 / 7 -2 / -7 -2 / -> 3 -4 -4 3 }t
t{ 7 2 mod -7 2 mod 7 -2 mod -7 -2 mod -> 1 1 -1 -1 }t
t{ -7 2 /mod -> 1 -4 }t   t{ mini -1 / -> mini }t   t{ mini -1 mod -> 0 }t   t{ mini -1 /mod -> 0 mini }t
t{ 10 3 7 */ -> 4 }t   t{ -10 3 7 */mod -> 5 -5 }t   t{ maxi 2 maxi */ -> 2 }t
t{ 5 negate -5 abs -> -5 5 }t   t{ 1 2 min 1 2 max -1 1 min -> 1 2 -1 }t
t{ 1 2* -1 2* 4 2/ -1 2/ -5 2/ -> 2 -2 2 -1 -3 }t
t{ 1 63 lshift mini = 1 64 lshift -1 63 rshift -1 64 rshift -> true 0 1 0 }t
t{ 12 10 and 12 10 or 12 10 xor 0 invert -> 8 14 6 -1 }t
t{ 1 2 < 2 1 < 1 1 < -1 1 < mini maxi < -> true false false true true }t
t{ 1 2 > 2 1 > -1 1 u< 1 -1 u< -1 1 u> -> false true false true true }t
t{ 1 1 = 1 2 = 1 2 <> 0 0= 1 0= 1 0<> -1 0< 0 0< 1 0> -> true false true true false true true false true }t
t{ 1 2 <= 2 2 <= 3 2 <= 1 2 >= 2 2 >= -> true true false false true }t
t{ 5 1 10 within 10 1 10 within 1 1 10 within 0 -1 1 within 5 10 1 within -> true false true true false }t
t{ 1 2 3 rot 1 2 3 -rot -> 2 3 1 3 1 2 }t   t{ 1 2 swap 1 2 over 1 2 nip 1 2 tuck -> 2 1 1 2 1 2 2 1 2 }t
t{ 1 2 2dup 1 2 2drop -> 1 2 1 2 }t   t{ 1 2 3 4 2swap 1 2 3 4 2over -> 3 4 1 2 1 2 3 4 1 2 }t
t{ 0 ?dup 5 ?dup -> 0 5 5 }t   t{ 10 20 30 2 pick 10 20 30 2 roll -> 10 20 30 10 20 30 10 }t   t{ 1 0 roll -> 1 }t
t{ : r1 >r 5 r@ r> ; 7 r1 -> 5 7 7 }t   t{ : r2 2>r 2r@ 2r> ; 1 2 r2 -> 1 2 1 2 }t
t{ : r3 >r >r r> r> ; 1 2 r3 -> 1 2 }t
t{ : nn n>r 0 nr> ; 11 22 33 2 nn -> 11 0 22 33 2 }t
t{ 3 s>d -3 s>d -> 3 0 -3 -1 }t   t{ -1 -1 um* -> 1 -2 }t   t{ -3 4 m* -> -12 -1 }t
t{ 1 -2 -1 um/mod -> 0 -1 }t   t{ -7 -1 2 sm/rem -7 -1 2 fm/mod -> -1 -3 1 -4 }t
t{ -7 s>d -2 fm/mod 7 s>d -2 sm/rem -> -1 3 1 -3 }t
\ control
t{ : i1 if 1 else 2 then ; 0 i1 5 i1 -> 2 1 }t   t{ : i2 dup if 1+ then ; 0 i2 1 i2 -> 0 2 }t
t{ : b1 begin dup 5 < while 1+ repeat ; 0 b1 -> 5 }t   t{ : b2 begin 1+ dup 9 > until ; 0 b2 -> 10 }t
t{ : b3 begin 1+ dup 3 = if exit then again ; 0 b3 -> 3 }t
t{ : b4 begin dup 2 > while dup 5 > while 111 repeat 123 else 345 then ; 1 b4 5 b4 -> 1 345 5 123 }t
t{ : d1 do i loop ; 4 1 d1 -> 1 2 3 }t   t{ : d2 ?do i loop ; 4 4 d2 -> }t   t{ 2 -1 d1 -> -1 0 1 }t
t{ : d3 do i -1 +loop ; 1 4 d3 -> 4 3 2 1 }t   t{ : d4 do i 2 +loop ; 5 0 d4 6 0 d4 -> 0 2 4 0 2 4 }t
t{ : d5 2 0 do 2 0 do j i loop loop ; d5 -> 0 0 0 1 1 0 1 1 }t
t{ : d6 10 0 do i 3 = if leave then i loop ; d6 -> 0 1 2 }t
t{ : d7 10 0 do i 2 = if unloop exit then i loop 99 ; d7 -> 0 1 }t
t{ : d8 maxi mini do i leave loop ; d8 -> mini }t
t{ : d9 0 -rot do 1+ dup 2000 > if leave then loop ; 0 mini d9 -> 2001 }t
t{ : d10 3 0 do i >r r@ r> drop loop ; d10 -> 0 1 2 }t
t{ : d11 3 0 do i 3 0 do dup i = if leave then loop loop ; d11 -> 0 1 2 }t
t{ : c1 case 1 of 10 endof 2 of 20 endof dup 100 * swap endcase ; 1 c1 2 c1 3 c1 -> 10 20 300 }t
t{ : m1 if 1 else 2 else 3 else 4 then ; 0 m1 1 m1 -> 2 4 1 3 }t
t{ : rf dup if dup 1- recurse + then ; 4 rf -> 10 }t
t{ : ack over 0= if nip 1+ exit then swap 1- swap dup 0= if 1+ recurse exit then 1- over 1+ swap recurse recurse ; 2 3 ack -> 9 }t
\ defining
t{ 5 constant five five : cf five ; cf -> 5 5 }t   t{ variable v 7 v ! v @ 3 v +! v @ -> 7 10 }t
t{ create arr 1 , 2 , 3 , arr @ arr cell+ @ arr 2 cells + @ -> 1 2 3 }t
t{ : const2 create , does> @ ; 9 const2 nine nine : n2 nine ; n2 -> 9 9 }t
t{ : arr2 create cells allot does> swap cells + ; 5 arr2 ar 3 4 ar ! 4 ar @ -> 3 }t
t{ : w1 create does> drop 1 does> drop 2 ; w1 w2 w2 w2 -> 1 2 }t
t{ : mk does> @ ; create late 42 , mk late -> 42 }t
t{ : nest create , does> create @ , does> @ ; 77 nest n3 n3 n4 n4 -> 77 }t
t{ ' five execute ' arr >body arr = -> 5 true }t
t{ :noname 3 4 + ; execute -> 7 }t   t{ 10 value val val 20 to val val : tv to val ; 30 tv val -> 10 20 30 }t
t{ defer df ' five is df df :noname 6 ; is df df action-of df execute -> 5 6 6 }t
t{ : sd is df ; ' five sd df ' df defer@ ' five = -> 5 true }t
t{ 16 buffer: buf buf aligned buf = 5 buf c! buf c@ -> true 5 }t
t{ : im 5 ; immediate : useim im literal ; useim -> 5 }t   t{ : p1 postpone if ; immediate : p2 p1 1 else 2 then ; 0 p2 1 p2 -> 2 1 }t
t{ : p3 postpone dup ; immediate : p4 p3 + ; 4 p4 -> 8 }t   t{ : lit5 [ 2 3 + ] literal ; lit5 -> 5 }t
t{ : ct ['] five execute ; ct -> 5 }t   t{ :noname dup * ; constant sqx : q2 sqx compile, ; immediate : q3 q2 ; 6 q3 -> 36 }t
t{ : bc [char] A char ; bc C -> 65 67 }t
t{ marker mk1 : zap 1 ; zap mk1 [undefined] zap [undefined] mk1 -> 1 true true }t
t{ marker mk2 create xx 100 allot here mk2 here u> -> true }t
t{ 1 here ! here @ here 1 cells allot here swap - -> 1 8 }t
t{ 0 char+ 3 cells 0 cell+ 1 aligned 8 aligned -> 1 24 8 8 8 }t
\ text
t{ s" abc" nip s" " nip -> 3 0 }t   t{ : st s" hello" ; st type st nip -> 5 }t cr
t{ : cq c" xyz" count ; cq nip cq drop c@ -> 3 120 }t
t{ s\" a\n\x41\q\z" nip s\" \x41" drop c@ -> 5 65 }t
t{ char | parse 12 34|evaluate -> 12 34 }t   t{ parse-name foo nip bl word bar c@ -> 3 3 }t
t{ s" 1 2 +" evaluate -> 3 }t   t{ : ev s" 5 6" evaluate ; ev -> 5 6 }t
t{ 0 0 s" 123a" >number nip nip nip -> 1 }t   t{ 0 0 s" 123" >number 2drop -> 123 0 }t
t{ hex 0 0 s" fF" >number 2drop decimal -> 255 0 }t
t{ 12345 s>d <# #s #> s" 12345" str= -> true }t   t{ -5 dup abs s>d <# # # # rot sign #> s" -005" str= -> true }t
t{ 0 0 <# s" abc" holds char x hold #> s" xabc" str= -> true }t
t{ #10 $ff %101 'a' -> 10 255 5 97 }t   t{ $-10 #-5 -> -16 -5 }t
t{ 2 base ! 101 decimal -> 5 }t
t{ pad 5 char x fill pad 4 + c@ -> 120 }t   t{ s" hello" pad swap move pad 1+ pad 4 move pad c@ -> char e }t
t{ pad 8 erase pad @ -> 0 }t
t{ 1 2 here 2! here 2@ -> 1 2 }t   t{ 300 here c! here c@ -> 44 }t
t{ source nip 0> >in @ 0> -> true true }t
t{ ( comment ) 1 \ rest
-> 1 }t
t{ : wf bl word find nip ; wf dup wf if wf nosuchword -> -1 1 0 }t
t{ s" /HOLD" environment? nip s" NOPE" environment? -> true false }t
t{ s" MAX-D" environment? -> -1 maxi true }t
t{ unused 0> state @ -> true 0 }t   t{ true false -> -1 0 }t
t{ : sv save-input drop drop drop drop drop ; sv -> }t
t{ 1 2 3 depth 3 - base-depth @ - -> 1 2 3 0 }t
t{ : uns dup 0> if 9 swap begin 1+ dup 3 > if exit then repeat ; -6 uns 1 uns -> -6 9 4 }t
\ what a branch that is not taken would need is not asked for, in native code neither
t{ : maybe if drop drop then ; : lots 9 0 do 0 maybe loop ; lots lots lots 5 6 1 maybe -> }t
t{ : qmaybe depth base-depth @ - ?dup if 0 do 3 + loop then ; qmaybe qmaybe qmaybe 4 qmaybe -> 7 }t
t{ : lmaybe 0 ?do 2drop loop ; 0 lmaybe 0 lmaybe 0 lmaybe 0 lmaybe 1 2 1 lmaybe -> }t
report
