# Lines of text: put together in memory, then written to COM1 as a whole.

.equ COM1,                  0x3f8
.equ COM1_FIFO,             COM1 + 2
.equ COM1_LINE,             COM1 + 3
.equ COM1_MODEM,            COM1 + 4
.equ COM1_STATUS,           COM1 + 5
.equ TRANSMIT_EMPTY,        1 << 5
.equ FIFO_BYTES,            16
.equ PORT_PATIENCE_MS,      800         # for one line; two of them still let the power button be answered within 2 s

.section .text
.code32

serial_init:
    mov edx, COM1_LINE
    mov al, 0x80                        # divisor latch
    out dx, al
    mov edx, COM1
    mov al, 1                           # 115200 baud: QEMU does not care, a real cable does
    out dx, al
    inc edx
    xor eax, eax
    out dx, al
    mov edx, COM1_LINE
    mov al, 0x03                        # 8 bits, no parity, 1 stop bit
    out dx, al
    mov edx, COM1_FIFO
    mov al, 0x07                        # on, both ways cleared
    out dx, al
    mov edx, COM1_MODEM
    mov al, 0x03                        # DTR, RTS
    out dx, al
    ret

# Ends the line and writes it. What the port does not take in time is dropped, and further lines are not even begun until it
# takes bytes again: a reader that has stopped reading costs lines, never the power button. Carry set: dropped. Clobbers eax, ecx, edx, esi, edi.
flush_line:
    mov al, '\r'
    call put_char
    mov al, '\n'
    call put_char
    mov esi, offset line
    cmp byte ptr [port_stuck], 0
    je 1f
    call port_ready
    jz drop_line
    mov byte ptr [port_stuck], 0
    mov edx, COM1
    mov al, '\n'                        # ends the line that was cut off
    out dx, al
1:  mov edi, PORT_PATIENCE_MS
2:  call port_ready
    jnz 3f
    dec edi                             # counts looks, not time: on a busy host QEMU is held up as much as this vCPU
    jz 5f
    mov eax, 1                          # nor a busy wait: QEMU may need this very pCPU to get the bytes out
    call sleep_ms
    jmp 2b
3:  mov ecx, FIFO_BYTES
    cmp ecx, [line_length]
    jbe 4f
    mov ecx, [line_length]
4:  sub [line_length], ecx
    mov edx, COM1
    rep outsb
    cmp dword ptr [line_length], 0
    jne 2b                              # else carry is clear
    ret
5:  mov byte ptr [port_stuck], 1
drop_line:
    mov dword ptr [line_length], 0
    stc
    ret

# Ends the line with a checksum of all before it, the CRC-32 of Ethernet and zip, and writes it, as flush_line.
flush_checked_line:
    mov esi, offset line
    mov edx, -1
1:  mov eax, esi
    sub eax, offset line
    cmp eax, [line_length]
    jae 4f
    movzx eax, byte ptr [esi]
    inc esi
    xor edx, eax
    mov ecx, 2                          # half a byte at a time: where the host interprets this, every instruction counts
2:  mov eax, edx
    and eax, 15
    shr edx, 4
    xor edx, [crc_of + eax * 4]
    dec ecx
    jnz 2b
    jmp 1b
4:  not edx
    push edx
    mov esi, offset text_crc
    call put_string
    pop edx
    mov esi, 8
5:  rol edx, 4
    mov al, dl
    and al, 15
    add al, '0'
    cmp al, '9'
    jbe 6f
    add al, 'a' - '9' - 1
6:  call put_char
    dec esi
    jnz 5b
    jmp flush_line

# Zero flag clear if the FIFO is empty. Clobbers eax, edx.
port_ready:
    mov edx, COM1_STATUS
    in al, dx
    test al, TRANSMIT_EMPTY
    ret

# al: the character. What is too long for the buffer is cut. Clobbers ecx.
put_char:
    mov ecx, [line_length]
    cmp ecx, LINE_BYTES
    jae 1f
    mov [line + ecx], al
    inc dword ptr [line_length]
1:  ret

# esi: NUL-terminated text of our own. Clobbers eax, ecx, esi.
put_string:
    lodsb
    test al, al
    jz 1f
    call put_char
    jmp put_string
1:  ret

# esi: NUL-terminated text from outside: what is not plain ASCII, or would end the quotation, becomes a question mark.
put_foreign:
    lodsb
    test al, al
    jz 3f
    cmp al, '"'
    je 1f
    cmp al, ' '
    jb 1f
    cmp al, '~'
    jbe 2f
1:  mov al, '?'
2:  call put_char
    jmp put_foreign
3:  ret

# eax in decimal. Clobbers eax, ecx, edx, esi, edi.
put_u32:
    xor edx, edx
    # falls through

# edx:eax in decimal. Clobbers eax, ecx, edx, esi, edi.
put_u64:
    mov edi, offset digits_end
1:  mov ecx, 10
    call divide
    add cl, '0'
    dec edi
    mov [edi], cl
    mov ecx, eax
    or ecx, edx
    jnz 1b
    mov esi, edi
    jmp put_string

# eax below 1000, as three digits. Clobbers eax, ecx, edx, esi, edi.
put_three_digits:
    add eax, 1000                       # then leave out the leading 1
    xor edx, edx
    mov edi, offset digits_end
1:  mov ecx, 10
    call divide
    add cl, '0'
    dec edi
    mov [edi], cl
    cmp eax, 1
    jne 1b
    mov esi, edi
    jmp put_string

# " key=" at esi, then the 64-bit number at ebx + edi, in decimal. Keeps ebx. Clobbers all else but ebp.
put_field:
    push edi
    call put_string
    pop edi
    mov eax, [ebx + edi]
    mov edx, [ebx + edi + 4]
    jmp put_u64

# The same for ticks at edx:eax, as microseconds to three places, rounded down. Clobbers all but ebp.
put_us:
    push eax
    push edx
    call put_string
    pop edx
    pop eax
    call ticks_to_ns
    mov ecx, 1000
    call divide
    push ecx                            # nanoseconds below a microsecond
    call put_u64
    mov al, '.'
    call put_char
    pop eax
    jmp put_three_digits

# edx:eax ÷ ecx → edx:eax, remainder ecx. Clobbers esi.
divide:
    mov esi, eax
    mov eax, edx
    xor edx, edx
    div ecx
    xchg eax, esi                       # esi: the quotient's high word
    div ecx
    mov ecx, edx
    mov edx, esi
    ret

# The CRC of each half byte.
.balign 4, 0x90
crc_of:
    .long 0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c
    .long 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c
text_crc:       .asciz " crc="

.section .bss
.balign 4
line_length:    .skip 4
port_stuck:     .skip 1
line:           .skip LINE_BYTES
digits:         .skip 20                # as many as 2^64 has
digits_end:     .skip 1                 # stays NUL
