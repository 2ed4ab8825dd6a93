# What is printed: the header, published windows, errors. Only the boot vCPU comes here.

.section .text
.code32

# "rtvm-probe 1 vcpus=2 tsc_khz=2596000 tsc_from=cpuid window_ms=1000 measuring=1"
put_header:
    mov esi, offset text_probe
    call put_string
    mov eax, FORMAT_VERSION
    call put_u32
    mov esi, offset text_vcpus
    call put_string
    mov eax, [vcpus]
    call put_u32
    mov esi, offset text_tsc_khz
    call put_string
    mov eax, [tsc_khz]
    call put_u32
    mov esi, offset text_measured
    cmp byte ptr [tsc_stated], 0
    je 1f
    mov esi, offset text_stated
1:  call put_string
    mov esi, offset text_window_ms
    call put_string
    mov eax, [window_ms]
    call put_u32
    mov esi, offset text_measuring
    call put_string
    # falls through

# The measuring vCPUs as a CPU list in the kernel's notation: 1-3,5
put_measuring:
    xor ebx, ebx                        # the vCPU looked at
    mov ebp, offset text_nothing        # before the first range: nothing, then commas
1:  cmp ebx, [vcpus]
    jae 4f
    cmp byte ptr [measuring + ebx], 0
    jne 2f
    inc ebx
    jmp 1b
2:  mov esi, ebp
    call put_string
    mov ebp, offset text_comma
    mov eax, ebx
    push ebx
    call put_u32
    pop eax
3:  inc ebx
    cmp ebx, [vcpus]
    jae 5f
    cmp byte ptr [measuring + ebx], 0
    jne 3b
5:  dec ebx                             # the range's last
    cmp eax, ebx
    je 6f
    mov al, '-'
    call put_char
    mov eax, ebx
    push ebx
    call put_u32
    pop ebx
6:  inc ebx
    jmp 1b
4:  ret

# Starts an error line with the text at esi.
put_error:
    push esi
    mov esi, offset text_error
    call put_string
    pop esi
    jmp put_string

# Prints every window that was published and not yet printed.
report_all:
    xor eax, eax
1:  push eax
    cmp byte ptr [measuring + eax], 0
    je 2f
    call record_of
    call report_vcpu
2:  pop eax
    inc eax
    cmp eax, [vcpus]
    jb 1b
    ret

# The windows of one vCPU, a ring of them at most: with a port that is slower than the windows come, the other vCPUs still
# get their turn. ebp: its record; at [esp + 4] its number.
report_vcpu:
    mov dword ptr [turns], RING_SLOTS
report_next:
    mov ebx, [ebp + REC_PRINTED]
    inc ebx                             # the window wanted
    mov edi, ebx
    call slot_of
    mov eax, [edi + SLOT_WINDOW]
    cmp eax, ebx
    jb 3f                               # not there yet (or, for a moment, 0)
    je 1f
    mov ebx, eax                        # overtaken: the ring went round. The missing numbers show it.
1:  mov eax, [edi + SLOT_LARGEST]
    mov edx, [edi + SLOT_LARGEST + 4]
    mov [largest], eax
    mov [largest + 4], edx
    mov eax, [edi + SLOT_SAMPLES]
    mov edx, [edi + SLOT_SAMPLES + 4]
    mov [samples], eax
    mov [samples + 4], edx
    cmp [edi + SLOT_WINDOW], ebx
    jne report_next                     # overwritten while we read: look again
    mov [ebp + REC_PRINTED], ebx
    mov ecx, [esp + 4]
    call put_window
    call flush_line
    call power_check                    # a slow port and many vCPUs must not keep the button waiting
    dec dword ptr [turns]
    jnz report_next
3:  ret

# "window=1 vcpu=1 max_us=12.345 samples=12345678" from ebx, ecx, largest and samples. Keeps ebp.
put_window:
    push ecx
    mov esi, offset text_window
    call put_string
    mov eax, ebx
    call put_u32
    mov esi, offset text_vcpu
    call put_string
    pop eax
    call put_u32
    mov esi, offset text_max_us
    call put_string
    mov eax, [largest]
    mov edx, [largest + 4]
    call ticks_to_ns
    mov ecx, 1000
    call divide
    push ecx                            # nanoseconds below a microsecond
    call put_u64
    mov al, '.'
    call put_char
    pop eax
    call put_three_digits
    mov esi, offset text_samples
    call put_string
    mov eax, [samples]
    mov edx, [samples + 4]
    jmp put_u64

text_probe:     .asciz "rtvm-probe "
text_error:     .asciz "rtvm-probe error: "
text_vcpus:     .asciz " vcpus="
text_tsc_khz:   .asciz " tsc_khz="
text_stated:    .asciz " tsc_from=cpuid"
text_measured:  .asciz " tsc_from=pmtimer"
text_window_ms: .asciz " window_ms="
text_measuring: .asciz " measuring="
text_window:    .asciz "window="
text_vcpu:      .asciz " vcpu="
text_max_us:    .asciz " max_us="
text_samples:   .asciz " samples="
text_comma:     .asciz ","
text_nothing:   .asciz ""

.section .bss
.balign 8
largest:        .skip 8
samples:        .skip 8
turns:          .skip 4
