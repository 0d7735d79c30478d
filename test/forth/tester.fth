\ T{ words -> results }T compares the stacks, items and floats; REPORT prints `N passed, N failed`.
variable #passed   variable #failed
variable base-depth   variable base-fdepth
variable #got      create got 64 cells allot
variable #fgot     create fgot 64 floats allot
variable #want     create want 64 cells allot
variable #fwant    create fwant 64 floats allot
: failure ( c-addr u -- ) type ." : " source type cr  1 #failed +! ;
: t{ ( -- ) depth base-depth !  fdepth base-fdepth ! ;
: extra ( -- n ) depth base-depth @ - ;
: fextra ( -- n ) fdepth base-fdepth @ - ;
: -> ( .. -- )
  extra 0< if s" FAIL took too many" failure abort then
  extra #got !   #got @ 0 ?do got i cells + ! loop
  fextra #fgot ! #fgot @ 0 ?do fgot i floats + f! loop ;
: same? ( -- f )
  #got @ #want @ <> if false exit then
  #got @ 0 ?do got i cells + @ want i cells + @ <> if false unloop exit then loop  true ;
: fsame? ( -- f )
  #fgot @ #fwant @ <> if false exit then
  #fgot @ 0 ?do
    fgot i floats + f@ fwant i floats + f@ -1e-12 f~
    fgot i floats + f@ fwant i floats + f@ 0e f~ or 0= if false unloop exit then
  loop  true ;
: .got ( -- ) ."   got: " #got @ 0 ?do got #got @ 1- i - cells + @ . loop cr ;
: }t ( .. -- )
  extra #want !   #want @ 0 ?do want i cells + ! loop
  fextra #fwant ! #fwant @ 0 ?do fwant i floats + f! loop
  same? fsame? and if 1 #passed +! else s" FAIL" failure .got then ;
: report ( -- ) #passed @ 0 .r ."  passed, " #failed @ 0 .r ."  failed" cr ;
\ what running text throws, the stack as it was
: thrown ( c-addr u -- n ) depth 2 - >r ['] evaluate catch depth r> - dup 0> if 1- 0 ?do nip loop else drop then ;
