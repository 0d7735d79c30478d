\ The programs of bench/forth.py, for any Forth 2012 system; each prints what it computed, so that all can be seen to agree.
: fib ( n -- n ) dup 2 < if drop 1 else dup 1- recurse swap 2 - recurse + then ;
: bench-fib ( n -- ) fib . ;

8190 constant #flags
create flags #flags 1+ allot
: sieve ( -- n )
  flags #flags 1 fill
  0 #flags 0 do
    flags i + c@ if
      i dup + 3 + dup i +
      begin dup #flags < while 0 over flags + c! over + repeat
      2drop 1+
    then
  loop ;
: bench-sieve ( n -- ) 0 swap 0 do drop sieve loop . ;

60 constant mat-n
create mat-a mat-n dup * cells allot   create mat-b mat-n dup * cells allot   create mat-c mat-n dup * cells allot
: mat-row ( i m -- addr ) swap mat-n * cells + ;
: mat-fill ( m -- ) mat-n dup * 0 do i 17 * 31 mod over i cells + ! loop drop ;
: mat-dot ( j row -- n )
  0 rot cells mat-b + rot
  mat-n 0 do ( sum b a )
    2dup @ swap @ * >r rot r> + -rot
    cell+ swap mat-n cells + swap
  loop 2drop ;
: mat-multiply ( -- )
  mat-n 0 do
    mat-n 0 do
      i j mat-a mat-row mat-dot  j mat-c mat-row i cells + !
    loop
  loop ;
: bench-matrix ( n -- ) mat-a mat-fill mat-b mat-fill 0 do mat-multiply loop  0 mat-n dup * 0 do mat-c i cells + @ + loop . ;

1000 constant #items
create items #items cells allot
variable seed
: random ( -- n ) seed @ 1309 * 13849 + 65535 and dup seed ! ;
: items-fill ( -- ) 42 seed ! #items 0 do random items i cells + ! loop ;
: bubble ( -- )
  #items 1 do
    items #items i - 0 do
      dup 2@ 2dup > if swap 2 pick 2! else 2drop then
      cell+
    loop drop
  loop ;
: bench-bubble ( n -- ) 0 do items-fill bubble loop  items @ . items #items 1- cells + @ . ;

50000 constant text-size
create text text-size allot
: text-fill ( -- ) 7 seed ! text-size 0 do random 26 mod 97 + text i + c! loop ;
: match? ( a1 a2 u -- f ) 0 ?do over i + c@ over i + c@ <> if 2drop false unloop exit then loop 2drop true ;
variable found
: find-text ( c-addr u -- n ) \ how often it is there
  0 found !  text-size over - 0 do 2dup text i + swap match? if 1 found +! then loop 2drop found @ ;
: bench-string ( n -- ) text-fill 0 swap 0 do drop s" lona" find-text s" q" find-text + loop . ;

: bench-empty ( n -- ) 0 do 1 2 + drop loop 0 . ;
