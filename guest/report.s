# What is printed: the header, published windows, errors. Only the boot vCPU comes here.

.section .text
.code32

# "rtvm-probe 1 vcpus=2 tsc_khz=2596000 tsc_from=cpuid window_ms=1000 measuring=1", and more in a full report.
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
    call put_measuring
    cmp byte ptr [report_full], 0
    je flush_line
    mov esi, offset text_spin
    cmp byte ptr [sampler_timer], 0
    je 3f
    mov esi, offset text_timer
    call put_string
    mov eax, [interval_us]
    call put_u32
    mov esi, offset text_halt
    cmp byte ptr [idle_poll], 0
    je 2f
    mov esi, offset text_poll
2:  call put_string
    mov esi, offset text_clock_tsc
    cmp byte ptr [tsc_deadline], 0
    jne 3f
    mov esi, offset text_clock_apic
3:  call put_string
    call put_now
    jmp flush_checked_line

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

# Reports every window that is over and not yet reported.
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

# The windows of one vCPU that are over: two at most, so that the other vCPUs get their turn. What the port does not take is
# kept, and reported from its beginning the next time. ebp: the vCPU's record; at [esp + 4] its number.
report_vcpu:
    mov eax, [esp + 4]
    mov [reported_vcpu], eax
    mov dword ptr [turns], 2
1:  mov eax, [reported_vcpu]
    shl eax, 1
    mov ecx, [ebp + REC_REPORTED]       # one less than the window wanted, so that its lowest bit says which buffer
    and ecx, 1
    or eax, ecx
    imul ebx, eax, BUF_BYTES
    add ebx, BUFFERS
    cmp dword ptr [ebx + BUF_STATE], OVER
    jne 2f
    call count_window
    call put_buckets
    jc 2f
    call put_window
    jc 2f
    mov eax, [ebx + BUF_WINDOW]
    mov [ebp + REC_REPORTED], eax
    mov edi, ebx
    call clear_buffer
    call power_check                    # a slow port and many vCPUs must not keep the button waiting
    dec dword ptr [turns]
    jnz 1b
2:  ret

# Adds the window in the buffer at ebx to what its vCPU (record at ebp) has seen since the beginning, once.
count_window:
    mov eax, [ebx + BUF_WINDOW]
    cmp [ebp + REC_COUNTED], eax
    je 2f
    mov [ebp + REC_COUNTED], eax
    mov eax, [ebx + BUF_SAMPLES]
    mov edx, [ebx + BUF_SAMPLES + 4]
    add [ebp + REC_ALL_SAMPLES], eax
    adc [ebp + REC_ALL_SAMPLES + 4], edx
    mov eax, [ebp + REC_ALL_LARGEST]
    mov edx, [ebp + REC_ALL_LARGEST + 4]
    sub eax, [ebx + BUF_LARGEST]
    sbb edx, [ebx + BUF_LARGEST + 4]
    jae 2f
    mov eax, [ebx + BUF_LARGEST]
    mov edx, [ebx + BUF_LARGEST + 4]
    mov [ebp + REC_ALL_LARGEST], eax
    mov [ebp + REC_ALL_LARGEST + 4], edx
    mov eax, [ebx + BUF_LARGEST_AT]
    mov edx, [ebx + BUF_LARGEST_AT + 4]
    mov [ebp + REC_ALL_LARGEST_AT], eax
    mov [ebp + REC_ALL_LARGEST_AT + 4], edx
2:  ret

# "buckets window=1 vcpu=1 part=0 0:41919600 1:24 3:3" from the buffer at ebx, in as many lines as it takes. Carry set: not all of
# them were taken. Keeps ebx and ebp.
put_buckets:
    mov dword ptr [parts], 0
    cmp byte ptr [report_full], 0
    je 5f
    mov dword ptr [bucket], 0
1:  mov dword ptr [entries], 0
    mov esi, offset text_buckets
    call put_string
    mov eax, [ebx + BUF_WINDOW]
    call put_u32
    mov esi, offset text_vcpu
    call put_string
    mov eax, [reported_vcpu]
    call put_u32
    mov esi, offset text_part
    call put_string
    mov eax, [parts]
    call put_u32
2:  mov ecx, [bucket]
    mov eax, [ebx + ecx * 8 + BUF_COUNTS]
    or eax, [ebx + ecx * 8 + BUF_COUNTS + 4]
    jz 3f
    mov al, ' '
    call put_char
    mov eax, [bucket]
    call put_u32
    mov al, ':'
    call put_char
    mov ecx, [bucket]
    mov eax, [ebx + ecx * 8 + BUF_COUNTS]
    mov edx, [ebx + ecx * 8 + BUF_COUNTS + 4]
    call put_u64
    inc dword ptr [entries]
3:  inc dword ptr [bucket]
    cmp dword ptr [bucket], BUCKETS
    jae 4f
    cmp dword ptr [entries], LINE_ENTRIES
    jb 2b
4:  inc dword ptr [parts]
    call flush_checked_line
    jc 6f
    call power_check
    cmp dword ptr [bucket], BUCKETS
    jb 1b
5:  clc
6:  ret

# "window=1 vcpu=1 max_us=12.345 samples=12345678" from the buffer at ebx, and more in a full report. Carry set: it was not taken.
# Keeps ebx and ebp.
put_window:
    push ebx
    mov esi, offset text_window
    call put_string
    mov eax, [ebx + BUF_WINDOW]
    call put_u32
    mov esi, offset text_vcpu
    call put_string
    mov eax, [reported_vcpu]
    call put_u32
    mov esi, offset text_max_us
    mov eax, [ebx + BUF_LARGEST]
    mov edx, [ebx + BUF_LARGEST + 4]
    call put_us
    mov ebx, [esp]
    mov esi, offset text_samples
    mov edi, BUF_SAMPLES
    call put_field
    cmp byte ptr [report_full], 0
    jne 1f
    pop ebx
    jmp flush_line
1:  mov esi, offset text_max_at
    mov edi, BUF_LARGEST_AT
    call put_field
    mov esi, offset text_min_us
    mov eax, [ebx + BUF_SMALLEST]
    mov edx, [ebx + BUF_SMALLEST + 4]
    call put_us
    mov ebx, [esp]
    mov esi, offset text_from
    mov edi, BUF_FROM
    call put_field
    mov esi, offset text_to
    mov edi, BUF_TO
    call put_field
    mov esi, offset text_parts
    call put_string
    mov eax, [parts]
    call put_u32
    mov ebx, ebp
    mov esi, offset text_all_samples
    mov edi, REC_ALL_SAMPLES
    call put_field
    mov esi, offset text_all_max_us
    mov eax, [ebp + REC_ALL_LARGEST]
    mov edx, [ebp + REC_ALL_LARGEST + 4]
    call put_us
    mov ebx, ebp
    mov esi, offset text_all_max_at
    mov edi, REC_ALL_LARGEST_AT
    call put_field
    call put_now
    pop ebx
    jmp flush_checked_line

# " now=12345": the TSC at the moment at which the line is put together.
put_now:
    mov esi, offset text_now
    call put_string
    rdtsc
    jmp put_u64

text_probe:         .asciz "rtvm-probe "
text_error:         .asciz "rtvm-probe error: "
text_vcpus:         .asciz " vcpus="
text_tsc_khz:       .asciz " tsc_khz="
text_stated:        .asciz " tsc_from=cpuid"
text_measured:      .asciz " tsc_from=pmtimer"
text_window_ms:     .asciz " window_ms="
text_measuring:     .asciz " measuring="
text_spin:          .asciz " sampler=spin"
text_timer:         .asciz " sampler=timer interval_us="
text_halt:          .asciz " idle=halt"
text_poll:          .asciz " idle=poll"
text_clock_tsc:     .asciz " timer=tsc-deadline"
text_clock_apic:    .asciz " timer=apic"
text_buckets:       .asciz "buckets window="
text_part:          .asciz " part="
text_window:        .asciz "window="
text_vcpu:          .asciz " vcpu="
text_max_us:        .asciz " max_us="
text_samples:       .asciz " samples="
text_max_at:        .asciz " max_at="
text_min_us:        .asciz " min_us="
text_from:          .asciz " from="
text_to:            .asciz " to="
text_parts:         .asciz " parts="
text_all_samples:   .asciz " all_samples="
text_all_max_us:    .asciz " all_max_us="
text_all_max_at:    .asciz " all_max_at="
text_now:           .asciz " now="
text_comma:         .asciz ","
text_nothing:       .asciz ""

.section .bss
.balign 4
reported_vcpu:  .skip 4
turns:          .skip 4                 # windows of this vCPU that may still be reported before the next one's
parts:          .skip 4                 # lines of buckets of this window
bucket:         .skip 4                 # the next one to look at
entries:        .skip 4                 # in this line
