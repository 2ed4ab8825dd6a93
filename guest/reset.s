# The last 16 bytes of the ROM: where every x86 starts.

.section .reset, "ax"
.code16
    .byte 0xe9                          # jmp near, wrapping around to offset 0 of the same 64 KiB
    .word 0x10000 - 0xfff3
    .balign 16, 0xff
