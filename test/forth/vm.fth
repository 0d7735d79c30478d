\ Kernel words: several VMs in one program, each contained, each denial told to its parent.
decimal
: image ( c-addr u -- image ) align here >r dup , here over allot swap move align r> ;
: text ( msg -- c-addr u ) dup cell+ swap @ ;
: settle 5 0 do yield loop 20000000 sleep ; \ turns do not depend on how busy the host is
: drain begin event? nip nip nip 0= until ;
: next-event ( -- kind code ) begin event? 0= while drop drop drop yield repeat rot drop ;
: run ( c-addr u caps -- ) >r image r> spawn-vm drop ;
t{ ticks ticks u> -> false }t   t{ ticks 2000000 sleep ticks swap - 2000000 u< -> false }t   t{ self-vm parent-vm -> 0 0 }t
t{ cap_spawn has-cap? cap_all has-cap? cap_send 5 + has-cap? -> true true true }t   t{ yield recv? nip -> false }t
\ echo; a message is bytes: nothing in it is ever run
t{ s" : go begin recv msg-from swap send again ; go" image 0 spawn-vm constant echo -> }t
t{ settle echo vm-status -> 2 }t   t{ echo s" hello" image send recv text s" hello" str= msg-from echo = -> true true }t
t{ echo s" " image send recv @ -> 0 }t   t{ echo s" bye 0 @ abort" image send recv text s" bye 0 @ abort" str= -> true }t
\ faults are contained and told
drain
t{ s" 0 @" 0 run next-event -> 2 -9 }t   t{ s" 1 0 /" 0 run next-event -> 2 -10 }t   t{ s" nosuch" 0 run next-event -> 2 -13 }t
t{ s" : r recurse 1 drop ; r" 0 run next-event -> 2 -5 }t   t{ s" : p begin 1 again ; p" 0 run next-event -> 2 -3 }t
t{ s" 1 1 +" 0 run next-event -> 1 0 }t   t{ s" bye" 0 run next-event -> 1 0 }t   t{ s" 77 throw" 0 run next-event -> 2 77 }t
t{ s" 1 26 lshift allot" 0 run next-event -> 2 -8 }t
\ denials: the word throws -256 in the VM, and its parent is told which capability was missing
: denied ( c-addr u -- kind code kind code ) 0 run next-event next-event ;
t{ s" create m 0 , m 0 spawn-vm" denied -> 3 cap_spawn 2 -256 }t   t{ s" 1 kill-vm" denied -> 3 cap_kill 2 -256 }t
t{ s" 0 mmio-read" denied -> 3 cap_mmio 2 -256 }t   t{ s" 1 0 mmio-write" denied -> 3 cap_mmio 2 -256 }t
t{ s" 1 ' dup irq-register" denied -> 3 cap_irq 2 -256 }t   t{ s" here 4096 0 share-mem" denied -> 3 cap_share 2 -256 }t
t{ s" create m 0 , 1 m send" denied -> 3 cap_send 1+ 2 -256 }t   t{ s" 0 cap_mmio grant-cap" denied -> 3 cap_mmio 2 -256 }t
t{ s" 1 cap_mmio revoke-cap" denied -> 3 cap_kill 2 -256 }t   t{ s" 65 emit" denied -> 3 cap_console 2 -256 }t
t{ s\" s\q f\q r/o open-file throw" denied -> 3 cap_files 2 -256 }t   t{ s" 1 block" 0 run next-event drop next-event drop -> 3 2 }t
t{ s" cap_mmio has-cap? abort" 0 run next-event -> 2 -1 }t
t{ s" : no ['] mmio-read catch 0= throw ; 0 no drop" 0 run next-event next-event -> 3 cap_mmio 1 0 }t  \ caught: it goes on
\ a child gets no more than its parent has
t{ s" create m 0 , m cap_mmio spawn-vm" cap_spawn run next-event next-event -> 3 cap_mmio 2 -256 }t
t{ s" cap_mmio has-cap? 0= throw 8 mmio-read drop" cap_mmio run next-event -> 1 0 }t
\ the vision's example, its operands in the order of its table
: try-mmio-read ( paddr -- u64 ) cap_mmio has-cap? if mmio-read else drop ." Access denied" cr 0 then ;
t{ 77 16 mmio-write 16 try-mmio-read -> 77 }t
t{ s" : try-mmio-read cap_mmio has-cap? if mmio-read else drop 0 then ; 16 try-mmio-read throw" 0 run next-event -> 1 0 }t
\ devices and interrupts
variable ticked
: on-irq 1 ticked +! ;
t{ 5 8 mmio-write 8 mmio-read -> 5 }t   t{ 3 ' on-irq irq-register 3 511 8 * mmio-write yield 1 ms ticked @ -> 1 }t
t{ s" 3 mmio-read" thrown s" -8 mmio-read" thrown s" 1 40 lshift mmio-read" thrown -> -261 -261 -261 }t
t{ s" 1 12345 irq-register" thrown s" 99 ' dup irq-register" thrown -> -13 -261 }t
\ loops for ever: others go on; it is killed
t{ s" : l begin again ; l" image 0 spawn-vm constant looper settle looper vm-status -> 1 }t
t{ echo s" still" image send recv text s" still" str= -> true }t   t{ looper kill-vm settle looper vm-status next-event -> 0 4 0 }t
t{ s" : q begin begin 0 throw again again ; : l begin ['] q catch drop again ; l" image 0 spawn-vm dup kill-vm settle vm-status next-event -> 0 4 0 }t
t{ s" : d dup if 1- dup recurse drop dup recurse drop then ; : f 40 d ; f" image 0 spawn-vm settle dup vm-status swap kill-vm settle next-event -> 1 4 0 }t
\ floods: its credit ends, the queue of the flooded one has room for others
t{ s" create m 1 , 65 c, : f begin 0 m send again ; f" 0 run next-event -> 2 -258 }t
t{ echo s" through" image send settle : find-it 0 begin recv dup text s" through" str= 0= while drop 1+ repeat drop ; find-it -> 16 }t
t{ s" : f begin begin 0 here send again again ; : g begin ['] f catch drop again ; g" image 0 spawn-vm settle kill-vm settle next-event -> 4 0 }t
: empty-queue begin recv? nip 0= until ;
empty-queue
\ rights to send, replies for once
t{ s" recv drop msg-from here 0 , send msg-from here send" image 0 spawn-vm s" x" image send settle recv @ next-event -> 0 1 0 }t
t{ s" 99 here send" thrown s" 63 vm-status" thrown s" -1 kill-vm" thrown s" 0 kill-vm" thrown -> -257 -257 -257 -257 }t
t{ s" echo 0 send" thrown s" 0 0 spawn-vm" thrown s" here 1 40 lshift spawn-vm" thrown -> -9 -9 -24 }t
create big 5000 , 5000 allot
t{ s" echo big send" thrown -> -259 }t   t{ echo cap_mmio grant-cap echo cap_mmio revoke-cap -> }t
t{ echo kill-vm settle echo vm-status s" echo here send" thrown next-event -> 0 -257 4 0 }t
\ memory comes from the VM's own envelope
t{ 4096 3 map-mem dup @ over 4096 unmap-mem swap 0<> -> 0 true }t   t{ s" 1 40 lshift 3 map-mem" thrown s" 0 3 map-mem" thrown s" 5 10 unmap-mem" thrown -> -260 -24 -9 }t
t{ s" 100000000 3 map-mem" 0 run next-event -> 2 -260 }t   t{ s" here -1 0 share-mem" thrown s" 0 10 1 protect" thrown -> -9 -9 }t
\ many VMs, more than there are
: spawn-many 0 begin s" recv" image 0 ['] spawn-vm catch 0= while drop 1+ repeat 2drop ;
t{ spawn-many 40 > : kill-all 64 1 do i vm-status 2 = if i ['] kill-vm catch if drop then then loop ; settle kill-all settle drain -> true }t
report
