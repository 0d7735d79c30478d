\ Double, exception, facility, file, locals, memory, tools, search order, string, block, floating point.
decimal
t{ 1. 2. d+ 5. 7. d- -> 3. -2. }t   t{ 1. dnegate -1. dabs -> -1. 1. }t   t{ 1. d2* -1. d2/ 3. d2/ -> 2. -1. 1. }t
t{ 0. d0= 1. d0= -1. d0< -> true false true }t   t{ 1. 1. d= 1. 2. d< -1. 1. d< -1. 1. du< -> true true true false }t
t{ 1. 2. dmax 1. 2. dmin 5. d>s -> 2. 1. 5 }t   t{ 1. -3 m+ -> -2. }t
t{ 5. 7 11 m*/ -5. 7 11 m*/ 5. -7 11 m*/ -5. -7 11 m*/ -> 3. -4. -4. 3. }t
t{ 1. 2. 3. 2rot -> 2. 3. 1. }t   t{ 1. 2constant one one : l2 [ 5. ] 2literal ; l2 -> 1. 5. }t
t{ 2variable dv 7. dv 2! dv 2@ -> 7. }t   t{ 1. 2value dw dw 2. to dw dw -> 1. 2. }t   t{ #12. $ff. -5. -> 12. 255. -5. }t
\ exceptions
: t1 9 ;  : t2 1 2 3 99 throw ;
t{ ' t1 catch -> 9 0 }t   t{ 5 ' t2 catch -> 5 99 }t   t{ : t3 0 throw 1 ; ' t3 catch -> 1 0 }t
t{ : t4 dup 0= if 77 throw then 1- recurse ; 100 ' t4 catch nip -> 77 }t
t{ : t5 ['] t2 catch 1+ throw ; ' t5 catch -> 100 }t   t{ : t6 abort" no" 5 ; 0 t6 -> 5 }t   t{ 1 ' t6 catch nip -> -2 }t
t{ ' abort catch -> -1 }t   t{ s" nosuchword" thrown -> -13 }t   t{ s" 1 0 /" thrown -> -10 }t
t{ s" drop drop drop drop drop drop" thrown -> -4 }t   t{ s" 0 @" thrown s" -1 @" thrown s" 1 0 !" thrown -> -9 -9 -9 }t
t{ s" -8 c@" thrown s" 1 70 lshift 1- c@" thrown -> -9 -9 }t   t{ s" 123 execute" thrown s" 0 execute" thrown -> -13 -13 }t
t{ s" : xx r> ; xx" thrown s" : xx >r ; 1 xx" thrown s" : xx i ; xx" thrown -> -6 -25 -26 }t
t{ s" r>" thrown s" if" thrown s" ;" thrown -> -14 -14 -14 }t   t{ s" : xx if ;" thrown s" : xx then ;" thrown s" : xx do ;" thrown -> -22 -22 -22 }t
t{ s" : xx loop ;" thrown s" : xx begin if repeat ;" thrown s" : xx leave ;" thrown -> -22 -22 -26 }t
t{ s" : xx recurse ; xx" thrown s" : xx 1 recurse ; xx" thrown -> -5 -3 }t
t{ s" :" thrown s" ' " thrown s" ' nosuch" thrown s" to five5" thrown -> -16 -16 -13 -13 }t
t{ s" variable vv 1 to vv" thrown s" 1 is dup" thrown s" ' dup >body" thrown -> -32 -32 -31 }t
t{ s" : xx [ : yy ;" thrown s" postpone nosuch" thrown -> -29 -14 }t   t{ s" 1 1 0 um/mod" thrown s" 1 1 1 um/mod" thrown -> -10 -11 }t
t{ s" -1 allot -1 allot -1000000000 allot" thrown s" 1 40 lshift allot" thrown -> -8 -8 }t
t{ s" 1 pick" thrown s" 99 roll" thrown -> -4 -4 }t   t{ s" defer zz zz" thrown -> -13 }t
t{ s" 0 block" thrown s" -1 block" thrown s" 1 62 lshift load" thrown -> -35 -35 -35 }t
t{ s" forget nosuch" thrown s" forget dup" thrown -> -15 -15 }t   t{ s" 5 1 base ! ." thrown decimal -> -24 }t
t{ s" f+" thrown s" 1e f+" thrown -> -45 -45 }t
t{ s" 0 0 <# 600 0 do 32 hold loop" thrown -> -14 }t  t{ : hh 0 0 <# 600 0 do 32 hold loop #> ; ' hh catch -> -17 }t
t{ s" [if] " thrown -> -4 }t   t{ s" 0 [if] " thrown -> -58 }t   t{ s" code xx" thrown -> -21 }t
t{ : deep recurse 1 drop ; ' deep catch -> -5 }t   t{ : push-on begin 1 again ; ' push-on catch -> -3 }t
\ structures
t{ begin-structure pt field: .x field: .y cfield: .c end-structure pt 0 .y 0 .c -> 17 8 16 }t
t{ begin-structure e end-structure e begin-structure ff ffield: .f sffield: .s dffield: .d end-structure ff -> 0 24 }t
t{ time&date 2020 > swap 1 13 within and swap 1 32 within and nip nip nip -> true }t   t{ 1 ms emit? -> true }t
\ locals
t{ : l1 {: a b | c -- d :} a b - to c c ; 9 4 l1 -> 5 }t   t{ : lx {: a :} a 0> if a a 1- recurse + else 0 then ; 4 lx -> 10 }t
t{ : l3 {: i :} 3 0 do i loop ; 7 l3 -> 7 7 7 }t   t{ : l4 locals| a b | a b ; 1 2 l4 -> 2 1 }t
t{ : l5 {: a b :} a if b exit then a b + ; 0 5 l5 1 6 l5 -> 5 6 }t   t{ : l6 >r {: a :} a r> ; 1 2 l6 -> 1 2 }t
t{ : l7 {: x :} x 1+ {: y :} x y ; 3 l7 -> 3 4 }t   t{ s" : l8 3 0 do i {: q :} q loop ;" thrown -> -22 }t
t{ : loc bl word count (local) ; immediate : eloc 0 0 (local) ; immediate : l9 loc a loc b eloc a b ; 1 2 l9 -> 2 1 }t
t{ : l10 {: a b c d e f g h i j k l m n o p :} p a ; 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 l10 -> 16 1 }t
\ memory
variable mp
t{ 100 allocate swap mp ! -> 0 }t   t{ mp @ 100 char a fill mp @ 1000 resize swap mp ! mp @ 99 + c@ -> 0 97 }t
t{ mp @ free mp @ free -> 0 -60 }t   t{ -1 allocate nip 0= 5 free -> false -60 }t   t{ 16 allocate throw 1 62 lshift resize nip 0= -> false }t
: churn 200 0 do i 17 * 100 mod 1+ allocate throw mp ! mp @ i 7 mod swap c! i 3 mod if mp @ free throw then loop ;
t{ unused churn unused u> -> true }t
\ tools
t{ : ah ahead 1 then 2 ; ah -> 2 }t   t{ true [if] 1 [else] 2 [then] false [if] 1 [else] 2 [then] -> 1 2 }t
t{ false [if] 1 true [if] 2 [then] [else] 3 [then] -> 3 }t   t{ [defined] dup [undefined] nope -> true true }t
t{ synonym mydup dup 3 mydup synonym myif if : sy myif 1 else 2 then ; 0 sy -> 3 3 2 }t
t{ : ?rep 0 cs-pick postpone until ; immediate : pt5 begin 1+ dup 3 > ?rep dup 5 > until ; 0 pt5 -> 6 }t
t{ : while2 postpone if 1 cs-roll ; immediate : wh begin dup while2 1- repeat ; 5 wh -> 0 }t
wordlist constant wl
: count-names ( n nt -- n f ) drop 1+ true ;
t{ 0 ' count-names wl traverse-wordlist get-current wl set-current : one1 1 ; : two2 2 ; set-current 0 ' count-names wl traverse-wordlist -> 0 2 }t
: first-name ( nt -- nt f ) false ;
t{ ' first-name wl traverse-wordlist dup name>string s" two2" str= swap name>interpret execute -> true 2 }t
t{ s" one1" wl search-wordlist swap execute s" nope" wl search-wordlist -> -1 1 0 }t
\ search order
t{ get-order wl swap 1+ set-order one1 previous [undefined] one1 -> 1 true }t
t{ also get-order nip wl swap set-order definitions : inwl 5 ; previous definitions [undefined] inwl get-current forth-wordlist = -> true true }t
t{ only forth get-order -> forth-wordlist 1 }t
: order-lost get-order 0 set-order s" dup" ['] evaluate catch nip nip >r set-order r> ;
t{ order-lost : nodef get-order 0 set-order ['] definitions catch >r set-order r> ; nodef -> -13 -50 }t
t{ : toomany 100 0 do also loop ; ' toomany catch only forth -> -49 }t
\ strings
t{ s" abc  " -trailing nip s" hello" 2 /string nip -> 3 3 }t   t{ s" abc" s" abd" compare s" abc" s" ab" compare s" a" s" a" compare -> -1 1 0 }t
t{ s" hello world" s" wor" search nip nip s" hello" s" xyz" search nip nip s" abc" s" " search nip nip -> true false true }t
t{ s" hello world" s" wor" search drop nip -> 5 }t
t{ s" abc" pad swap cmove pad pad 1+ 5 cmove pad 5 + c@ -> 97 }t   t{ s" abcde" pad swap cmove pad pad 1+ 4 cmove> pad 4 + c@ -> 100 }t
t{ pad 3 blank pad c@ -> 32 }t   t{ : sl [ s" lit" ] sliteral ; sl s" lit" str= -> true }t
t{ s" a%b" pad unescape s" a%%b" str= -> true }t   t{ s" wx" s" m1" replaces s" a%m1%b%%" here 50 substitute -rot s" awxb%" str= -> 1 true }t
t{ s" %nope%" here 50 substitute -rot s" %nope%" str= -> 0 true }t   t{ s" %m1%" here 1 substitute nip nip 0< -> true }t
\ files
: fname s" forth-test.tmp" ;
variable fd
t{ fname r/w create-file swap fd ! -> 0 }t   t{ s" line one" fd @ write-line s" two" fd @ write-file fd @ file-position -> 0 0 12. 0 }t
t{ fd @ file-size -> 12. 0 }t   t{ 0. fd @ reposition-file pad 100 fd @ read-line -> 0 8 true 0 }t
t{ pad 100 fd @ read-line pad 100 fd @ read-line -> 3 true 0 0 false 0 }t   t{ 4. fd @ resize-file fd @ file-size -> 0 4. 0 }t
t{ fd @ flush-file fd @ close-file -> 0 0 }t   t{ fname file-status nip s" none.tmp" file-status nip -> 0 -38 }t
t{ fname r/o open-file swap fd ! pad 3 fd @ read-line fd @ close-file -> 0 3 true 0 0 }t
t{ fname s" forth-test2.tmp" rename-file s" forth-test2.tmp" delete-file s" forth-test2.tmp" delete-file -> 0 0 -38 }t
t{ s" none.fth" r/o open-file nip 55 close-file 55 file-size nip nip -> -38 -62 -66 }t   t{ s" include none.fth" thrown -> -38 }t
\ blocks
: blank-block ( n -- a ) buffer dup 1024 blank ;
t{ 20 blank-block s" 7 8 + \ rest" rot swap move update flush 20 load -> 15 }t
t{ 21 blank-block s" blk @" rot swap move update 22 blank-block s" 21 load" rot swap move update flush 22 load -> 21 }t
t{ 20 block c@ 20 block 1024 + 1- c@ -> char 7 bl }t   t{ 20 block char 9 swap c! empty-buffers 20 block c@ -> char 7 }t
\ LOAD makes its block the one that UPDATE means
t{ 23 blank-block drop update 24 blank-block drop update flush 24 block char x swap c! 23 load update flush 24 block c@ -> bl }t
t{ 20 21 thru -> 15 21 }t   t{ 20 block drop 21 block drop 20 block 20 block = -> true }t
\ floats
t{ 1e 2e f+ 5e 2e f- 3e 4e f* 1e 4e f/ -> 3e 3e 12e 0.25e }t   t{ 2e fdup fswap 1e fover -> 2e 2e 1e 2e }t
t{ 4e fsqrt 2e 10e f** 0e fexp 1e fln 100e flog -> 2e 1024e 1e 0e 2e }t   t{ 1.5e floor -1.5e floor 2.5e fround -1.7e ftrunc -> 1e -2e 2e -1e }t
t{ 0e fsin 0e fcos 0e ftan 1e fatan 4e f* -> 0e 1e 0e 3.14159265358979312e }t   t{ 0.5e fasin fsin 0.5e facos fcos -> 0.5e 0.5e }t
t{ 1e fsinh fasinh 1e fcosh facosh 0.5e ftanh fatanh -> 1e 1e 0.5e }t   t{ 1e 2e f< 2e 1e f< 0e f0= -1e f0< -> true false true true }t
t{ 5 s>f 7. d>f 3.9e f>s -3.9e f>d -> 3 -3. 5e 7e }t   t{ fvariable fv 2.5e fv f! fv f@ fv df@ -> 2.5e 2.5e }t
t{ 1.5e fv sf! fv sf@ -> 1.5e }t   t{ 3e fconstant three three 4e fvalue fw fw 5e to fw fw -> 3e 4e 5e }t
t{ : fl 1.25e ; fl : fl2 [ 2e ] fliteral ; fl2 -> 1.25e 2e }t   t{ s" 1.5e3" >float s" .5" >float s" 1+2" >float s" abc" >float -> true true true false 1500e 0.5e 100e }t
t{ s" " >float s"  " >float s" 1e1e" >float -> true true false 0e 0e }t   t{ 1e 1e 0.1e f~ 1e 2e 0.1e f~ 1e 1e 0e f~ -> true false true }t
t{ 1e 2e fmax 1e 2e fmin -1e fabs 1e fnegate -> 2e 1e 1e -1e }t   t{ 1e 1e fatan2 4e f* 0e fsincos -> 3.14159265358979312e 0e 1e }t
t{ 123.45e pad 5 represent pad 5 s" 12345" str= -> 3 false true true }t   t{ 3 floats 0 float+ 1 faligned 3 sfloats -> 24 8 8 12 }t
t{ precision 5 set-precision precision swap set-precision -> 5 }t   t{ 1e 2e 3e frot fdepth base-fdepth @ - -> 3 2e 3e 1e }t
t{ 1e-300 fexpm1 1e-300 flnp1 2e falog -> 1e-300 1e-300 100e }t
report
