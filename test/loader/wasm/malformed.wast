;; Byte strings that are no module: one for each way that the binary format can be broken.

(assert_malformed (module binary "") "unexpected end")
(assert_malformed (module binary "\00as") "unexpected end")
(assert_malformed (module binary "xasm\01\00\00\00") "magic header not detected")
(assert_malformed (module binary "\00asM\01\00\00\00") "magic header not detected")
(assert_malformed (module binary "\00asm") "unexpected end")
(assert_malformed (module binary "\00asm\01\00\00") "unexpected end")
(assert_malformed (module binary "\00asm\02\00\00\00") "unknown binary version")
(assert_malformed (module binary "\00asm\01\00\01\00") "unknown binary version")
(module binary "\00asm\01\00\00\00")

;; sections: number, size, order
(assert_malformed (module binary "\00asm\01\00\00\00" "\0e\00") "malformed section id")
(assert_malformed (module binary "\00asm\01\00\00\00" "\ff\00") "malformed section id")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01") "unexpected end")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\05\00") "length out of bounds")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\02\00\00") "section size mismatch")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\00") "unexpected end")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\01\00" "\01\01\00") "unexpected content after last section")
(assert_malformed (module binary "\00asm\01\00\00\00" "\02\01\00" "\01\01\00") "unexpected content after last section")
(assert_malformed (module binary "\00asm\01\00\00\00" "\06\01\00" "\0d\01\00") "unexpected content after last section")
(assert_malformed (module binary "\00asm\01\00\00\00" "\0a\01\00" "\0c\01\00") "unexpected content after last section")
(module binary "\00asm\01\00\00\00" "\05\01\00" "\0d\01\00" "\06\01\00" "\09\01\00" "\0c\01\00" "\0a\01\00" "\0b\01\00")

;; custom sections may stand anywhere and hold anything, but have a name
(module binary "\00asm\01\00\00\00" "\00\02\01x" "\01\01\00" "\00\06\03abc\ff\00" "\00\01\00")
(assert_malformed (module binary "\00asm\01\00\00\00" "\00\00") "unexpected end")
(assert_malformed (module binary "\00asm\01\00\00\00" "\00\02\02x" "\01\01\00") "length out of bounds")
(assert_malformed (module binary "\00asm\01\00\00\00" "\00\02\01\80") "malformed UTF-8 encoding")
(assert_malformed (module binary "\00asm\01\00\00\00" "\00\03\02\c0\80") "malformed UTF-8 encoding")
(assert_malformed (module binary "\00asm\01\00\00\00" "\00\04\03\ed\a0\80") "malformed UTF-8 encoding")
(assert_malformed (module binary "\00asm\01\00\00\00" "\00\05\04\f4\90\80\80") "malformed UTF-8 encoding")
(assert_malformed (module binary "\00asm\01\00\00\00" "\00\03\02\e2\82") "malformed UTF-8 encoding")

;; numbers: five bytes and 32 bits at most
(module binary "\00asm\01\00\00\00" "\01\85\80\80\80\00\80\80\80\80\00")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\86\80\80\80\80\00\80\80\80\80\00") "integer representation too long")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\06\80\80\80\80\80\00") "integer representation too long")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\05\80\80\80\80\10") "integer too large")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\05\80\80\80\80\40") "integer too large")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\02\80\80") "unexpected end")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\05\ff\ff\ff\ff\0f") "length out of bounds")
;; signed ones, in constants
(module binary "\00asm\01\00\00\00" "\06\0a\01\7f\00\41\ff\ff\ff\ff\7f\0b")
(module binary "\00asm\01\00\00\00" "\06\0a\01\7f\00\41\80\80\80\80\78\0b")
(assert_malformed (module binary "\00asm\01\00\00\00" "\06\0a\01\7f\00\41\80\80\80\80\70\0b") "integer too large")
(assert_malformed (module binary "\00asm\01\00\00\00" "\06\0a\01\7f\00\41\ff\ff\ff\ff\0f\0b") "integer too large")
(assert_malformed (module binary "\00asm\01\00\00\00" "\06\0b\01\7f\00\41\80\80\80\80\80\00\0b") "integer representation too long")
(module binary "\00asm\01\00\00\00" "\06\0f\01\7e\00\42\80\80\80\80\80\80\80\80\80\7f\0b")
(assert_malformed (module binary "\00asm\01\00\00\00" "\06\0f\01\7e\00\42\80\80\80\80\80\80\80\80\80\7e\0b") "integer too large")
(assert_malformed (module binary "\00asm\01\00\00\00" "\06\0f\01\7e\00\42\ff\ff\ff\ff\ff\ff\ff\ff\ff\01\0b") "integer too large")
(assert_malformed (module binary "\00asm\01\00\00\00" "\06\10\01\7e\00\42\80\80\80\80\80\80\80\80\80\80\00\0b") "integer representation too long")

;; types
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\61\00\00") "malformed function type")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\05\01\60\01\7a\00") "malformed value type")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\05\01\60\01\40\00") "malformed value type")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\05\01\60\00\01\00") "malformed value type")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\02\60\00\00") "unexpected end")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\02\7f") "length out of bounds")

;; imports
(assert_malformed (module binary "\00asm\01\00\00\00" "\02\05\01\00\00\05\00") "malformed import kind")
(assert_malformed (module binary "\00asm\01\00\00\00" "\02\06\01\00\00\80\00\00") "malformed import kind")
(assert_malformed (module binary "\00asm\01\00\00\00" "\02\06\01\01\ff\00\03\7f\00") "malformed UTF-8 encoding")
(assert_malformed (module binary "\00asm\01\00\00\00" "\02\06\01\00\01\ff\03\7f\00") "malformed UTF-8 encoding")
(assert_malformed (module binary "\00asm\01\00\00\00" "\02\06\01\00\00\03\7f\02") "malformed mutability")
(assert_malformed (module binary "\00asm\01\00\00\00" "\02\06\01\00\00\03\40\00") "malformed value type")
(assert_malformed (module binary "\00asm\01\00\00\00" "\02\07\01\00\00\01\7f\00\00") "malformed reference type")
(assert_malformed (module binary "\00asm\01\00\00\00" "\02\07\01\00\00\01\70\08\00") "malformed limits flags")

;; tables, memories, globals, tags
(assert_malformed (module binary "\00asm\01\00\00\00" "\04\04\01\7f\00\00") "malformed reference type")
(assert_malformed (module binary "\00asm\01\00\00\00" "\04\04\01\70\10\00") "malformed limits flags")
(assert_malformed (module binary "\00asm\01\00\00\00" "\05\03\01\08\00") "malformed limits flags")
(assert_malformed (module binary "\00asm\01\00\00\00" "\05\04\01\02\00\01") "malformed limits flags")
(assert_malformed (module binary "\00asm\01\00\00\00" "\05\03\01\01\00") "unexpected end")
(assert_malformed (module binary "\00asm\01\00\00\00" "\06\06\01\7f\02\41\00\0b") "malformed mutability")
(assert_malformed (module binary "\00asm\01\00\00\00" "\06\05\01\7f\00\41\00") "unexpected end")
(assert_malformed (module binary "\00asm\01\00\00\00" "\06\05\01\7f\00\c5\0b") "illegal opcode")
(assert_malformed (module binary "\00asm\01\00\00\00" "\06\05\01\7f\00\27\0b") "illegal opcode")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\0d\03\01\01\00") "malformed tag attribute")

;; exports
(assert_malformed (module binary "\00asm\01\00\00\00" "\07\04\01\00\05\00") "malformed export kind")
(assert_malformed (module binary "\00asm\01\00\00\00" "\07\05\01\01\ff\00\00") "malformed UTF-8 encoding")

;; element and data segments
(assert_malformed (module binary "\00asm\01\00\00\00" "\04\04\01\70\00\00" "\09\06\01\08\41\00\0b\00") "malformed elements segment kind")
(assert_malformed (module binary "\00asm\01\00\00\00" "\04\04\01\70\00\00" "\09\04\01\01\01\00") "malformed element kind")
(assert_malformed (module binary "\00asm\01\00\00\00" "\04\04\01\70\00\00" "\09\04\01\05\7f\00") "malformed reference type")
(assert_malformed (module binary "\00asm\01\00\00\00" "\05\03\01\00\00" "\0b\06\01\03\41\00\0b\00") "malformed data segment kind")
(assert_malformed (module binary "\00asm\01\00\00\00" "\05\03\01\00\00" "\0b\06\01\00\41\00\0b\01") "length out of bounds")
(assert_malformed (module binary "\00asm\01\00\00\00" "\05\03\01\00\00" "\0c\01\02" "\0b\03\01\01\00") "data count and data section have inconsistent lengths")
(assert_malformed (module binary "\00asm\01\00\00\00" "\0c\01\01") "data count and data section have inconsistent lengths")

;; code
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00") "function and code section have inconsistent lengths")
(assert_malformed (module binary "\00asm\01\00\00\00" "\0a\04\01\02\00\0b") "function and code section have inconsistent lengths")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\03\02\00\00" "\0a\04\01\02\00\0b") "function and code section have inconsistent lengths")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\04\01\03\00\0b") "unexpected end")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\04\01\02\00\01") "unexpected end")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\05\01\03\00\0b\0b") "END opcode expected")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\05\01\03\00\02\40") "unexpected end")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\06\01\04\01\01\7a\0b") "malformed value type")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00"
    "\0a\10\01\0e\02\ff\ff\ff\ff\0f\7f\81\80\80\80\00\7e\0b") "too many locals")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\05\01\03\00\05\0b") "else without if")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\0a\01\08\00\41\00\04\40\05\05\0b") "else without if")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\06\01\04\00\19\0b\0b") "catch or delegate without try")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\09\01\07\00\06\40\19\19\0b\0b") "catch or delegate without try")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\07\01\05\00\02\40\18\00") "catch or delegate without try")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\0b\01\09\00\1f\40\01\04\00\0b\0b\0b") "malformed catch clause")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\07\01\05\00\02\41\0b\0b") "malformed block type")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\0a\01\08\00\02\80\80\80\80\70\0b") "malformed block type")

;; opcodes that there are not
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\05\01\03\00\27\0b") "illegal opcode")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\05\01\03\00\ff\0b") "illegal opcode")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\05\01\03\00\c5\0b") "illegal opcode")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\06\01\04\00\fc\12\0b") "illegal opcode")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\07\01\05\00\fc\80\02\0b") "illegal opcode")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\07\01\05\00\fd\9a\01\0b") "illegal opcode")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\07\01\05\00\fd\80\02\0b") "illegal opcode")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\07\01\05\00\fe\00\00\0b") "illegal opcode")

;; immediates cut off or too long, in and out of the validator's fast paths
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\05\01\03\00\41\80") "unexpected end")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\0b\01\09\00\41\80\80\80\80\10\1a\0b") "integer too large")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\0c\01\0a\00\41\80\80\80\80\80\00\1a\0b") "integer representation too long")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\0a\01\08\00\10\80\80\80\80\10\0b") "integer too large")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\06\01\04\00\44\00\0b") "unexpected end")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\05\03\01\00\00"
    "\0a\0f\01\0d\00\41\00\28\02\80\80\80\80\10\1a\0b\0b") "integer too large")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\05\03\01\00\00"
    "\0a\0b\01\09\00\41\00\28\80\01\00\1a\0b") "malformed memop flags")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\05\03\01\00\01"
    "\0a\0e\01\0c\00\41\00\41\00\41\00\fc\08\00\00\0b" "\0b\03\01\01\00") "data count section required")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\05\03\01\00\01"
    "\0a\07\01\05\00\fc\09\00\0b" "\0b\03\01\01\00") "data count section required")
