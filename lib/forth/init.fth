\ Block 1: VM[0] spawns the services, each from a block of its
\ own, and prints ok.  See docs/guide/forth.md.
: image ( c-addr u -- image )
  align here >r dup , here over allot swap move align r> ;
: msg ( c-addr u -- msg ) image ;
: text ( msg -- c-addr u ) dup cell+ swap @ ;
0 value echo-vm  0 value console-vm  0 value block-vm
: start-echo s" 2 load" image cap_blocks spawn-vm to echo-vm ;
: start-console s" 3 load" image cap_blocks cap_console or
  spawn-vm to console-vm ;
: start-block
  s" 4 load" image cap_blocks spawn-vm to block-vm ;
: services start-echo start-console start-block ;
5 load
services
.( ok) cr
\ Block 2: the echo service sends back what it is sent.
: serve begin recv msg-from swap send again ;
serve
\ Block 3: the console service prints what it is sent.
: serve begin recv dup cell+ swap @ type again ;
serve
\ Block 4: the block service, a RAM disk of 64 blocks.
\ A message is a letter, a cell with the block's number, for W
\ its 1024 bytes.  Answers: the block, ok, or no.
64 constant blocks  create disk blocks 1024 * allot
disk blocks 1024 * blank
create answer 1024 , 1024 allot
: reply ( c-addr u -- ) dup answer ! answer cell+ swap move
  msg-from answer send ;
: place ( msg -- addr ) cell+ 1+ @ blocks mod 1024 * disk + ;
: valid? ( msg -- f ) dup @ 9 < if drop false exit then
  cell+ 1+ @ 0 blocks within ;
: act ( msg -- ) dup valid? 0= if drop s" no" reply exit then
  dup cell+ c@ [char] R = if place 1024 reply exit then
  dup @ 1033 < if drop s" no" reply exit then
  dup cell+ 9 + swap place 1024 move s" ok" reply ;
: serve begin recv ['] act catch drop again ;  serve
\ Block 5: VM[0] supervises: a service that ends is told of and
\ started again.  SUPERVISE looks once; WATCH for ever.
: again? ( vmid -- )
  dup echo-vm = if ." echo again " cr start-echo then
  dup console-vm = if ." console again " cr start-console then
  block-vm = if ." block again " cr start-block then ;
: ended? ( kind -- f ) 3 <> ;
: supervise ( -- )
  begin event? while
    drop ended? if again? else drop then repeat
  drop drop drop ;
: watch ( -- ) begin supervise yield 1000000 sleep again ;
