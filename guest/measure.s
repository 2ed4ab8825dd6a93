# The measurement. Two ways of sampling: "spin" reads the TSC back to back, and a sample is the time between two reads (as
# oslat); "timer" sleeps until a set time, and a sample is how late it woke up (as cyclictest).
#
# A spinning vCPU touches no port, no APIC and no memory but its own record and buffers: nothing of what it does leaves the
# guest, so whatever gap it sees came from outside. Gaps across the end of a window count too (in the next): no blind spot.

.section .text
.code32

# eax vCPU number → ebp its record. Clobbers eax.
record_of:
    shl eax, 7
    lea ebp, [records + eax]
    ret

# Window 1 of every vCPU; its start and end are set by the vCPU itself.
prepare_records:
    xor ebx, ebx                        # the vCPU
    mov ebp, offset records
    mov edi, BUFFERS
1:  mov [ebp + REC_BUFFER], edi
    lea eax, [edi + BUF_BYTES]
    mov [ebp + REC_OTHER], eax
    mov dword ptr [ebp + REC_WINDOW], 1
    call clear_buffer
    call clear_buffer
    add ebp, REC_BYTES
    inc ebx
    cmp ebx, [vcpus]
    jb 1b
    ret

# Empties the buffer at edi and gives it to its vCPU; edi is then behind it. Clobbers eax, ecx. The state is written last.
clear_buffer:
    push edi
    add edi, 4
    mov ecx, (BUF_BYTES - 4) / 4
    xor eax, eax
    rep stosd
    pop ecx
    dec eax
    mov [ecx + BUF_SMALLEST], eax
    mov [ecx + BUF_SMALLEST + 4], eax
    mov dword ptr [ecx + BUF_STATE], OWN
    ret

# The life of a vCPU that only measures. ebp: its record.
measure_forever:
    cmp byte ptr [sampler_timer], 0
    je 1f
    call timer_init
1:  rdtsc
    mov [ebp + REC_PREVIOUS], eax
    mov [ebp + REC_PREVIOUS + 4], edx
    call open_window
2:  mov eax, [ebp + REC_WINDOW_END]
    mov edx, [ebp + REC_WINDOW_END + 4]
    mov [ebp + REC_STOP], eax
    mov [ebp + REC_STOP + 4], edx
    call measure
    call close_window
    jmp 2b

# One turn of a vCPU that also prints: measures for a tick at most, so that the power button is seen in time whatever the
# window's length. What it does between its turns is not counted, and its window stays open meanwhile. ebp: its record.
measure_slice:
    cmp byte ptr [sampler_timer], 0
    je 1f
    call timer_measures
1:  rdtsc
    mov [ebp + REC_PREVIOUS], eax
    mov [ebp + REC_PREVIOUS + 4], edx
    mov eax, [ebp + REC_WINDOW_END]
    or eax, [ebp + REC_WINDOW_END + 4]
    jnz 2f
    call open_window
2:  mov eax, [tick_ms]
    call ms_to_ticks
    add eax, [ebp + REC_PREVIOUS]
    adc edx, [ebp + REC_PREVIOUS + 4]
    mov [ebp + REC_STOP], eax
    mov [ebp + REC_STOP + 4], edx
    call measure
    mov eax, [ebp + REC_PREVIOUS]
    mov edx, [ebp + REC_PREVIOUS + 4]
    sub eax, [ebp + REC_WINDOW_END]
    sbb edx, [ebp + REC_WINDOW_END + 4]
    jb 3f
    call close_window
3:  cmp byte ptr [sampler_timer], 0
    je 4f
    call timer_sleeps
4:  ret

# Starts a window at the last TSC read, in a buffer that is empty.
open_window:
    mov ebx, [ebp + REC_BUFFER]
    mov eax, [ebp + REC_PREVIOUS]
    mov edx, [ebp + REC_PREVIOUS + 4]
    mov [ebx + BUF_FROM], eax
    mov [ebx + BUF_FROM + 4], edx
    add eax, [window_ticks]
    adc edx, [window_ticks + 4]
    mov [ebp + REC_WINDOW_END], eax
    mov [ebp + REC_WINDOW_END + 4], edx
    ret

# Hands the window's buffer to vCPU 0 and goes on in the other one. While that is not free yet, the window goes on for an
# eighth of its length. x86 keeps stores in order: who sees the state sees what was written before it.
close_window:
    mov ebx, [ebp + REC_BUFFER]
    mov eax, [ebp + REC_PREVIOUS]
    mov edx, [ebp + REC_PREVIOUS + 4]
    mov ecx, [ebp + REC_OTHER]
    cmp dword ptr [ecx + BUF_STATE], OWN
    je 1f
    add eax, [window_eighth]
    adc edx, [window_eighth + 4]
    mov [ebp + REC_WINDOW_END], eax
    mov [ebp + REC_WINDOW_END + 4], edx
    ret
1:  mov [ebx + BUF_TO], eax
    mov [ebx + BUF_TO + 4], edx
    mov eax, [ebp + REC_WINDOW]
    mov [ebx + BUF_WINDOW], eax
    inc dword ptr [ebp + REC_WINDOW]
    mov [ebp + REC_BUFFER], ecx
    mov [ebp + REC_OTHER], ebx
    mov dword ptr [ebx + BUF_STATE], OVER
    jmp open_window

# Samples until the TSC reaches REC_STOP; at least once. Clobbers all but ebp and esp.
measure:
    mov ebx, [ebp + REC_BUFFER]
    cmp byte ptr [sampler_timer], 0
    jne measure_wakeups
    mov esi, [ebp + REC_PREVIOUS]       # edi:esi the last read
    mov edi, [ebp + REC_PREVIOUS + 4]
1:  rdtsc
    sub eax, esi                        # edx:eax the gap
    sbb edx, edi
    add esi, eax                        # and edi:esi this read
    adc edi, edx
    call take_sample
    cmp edi, [ebp + REC_STOP + 4]
    jb 1b
    ja measured
    cmp esi, [ebp + REC_STOP]
    jb 1b
measured:
    mov [ebp + REC_PREVIOUS], esi
    mov [ebp + REC_PREVIOUS + 4], edi
    ret

# The same with wake-ups: each is due an interval after the last was, and one that came later than the next was due skips that.
measure_wakeups:
    rdtsc
1:  add eax, [interval_ticks]
    adc edx, 0
2:  mov [ebp + REC_NEXT], eax
    mov [ebp + REC_NEXT + 4], edx
    call timer_wait                     # → edi:esi the TSC at which it woke up
    mov eax, esi
    mov edx, edi
    sub eax, [ebp + REC_NEXT]
    sbb edx, [ebp + REC_NEXT + 4]
    call take_sample
    mov eax, esi
    mov edx, edi
    sub eax, [ebp + REC_STOP]
    sbb edx, [ebp + REC_STOP + 4]
    jae measured
    mov eax, [ebp + REC_NEXT]
    mov edx, [ebp + REC_NEXT + 4]
    add eax, [interval_ticks]
    adc edx, 0
    cmp edx, edi
    ja 2b
    jb 3f
    cmp eax, esi
    ja 2b
3:  mov eax, esi
    mov edx, edi
    jmp 1b

# Counts a sample of edx:eax ticks that was over at edi:esi, in the buffer at ebx. Clobbers eax, ecx, edx. Signed: neither a TSC that
# steps back nor a timer that fires a moment early is a sample of centuries; it counts as none.
take_sample:
    test edx, edx
    jns 1f
    xor eax, eax
    xor edx, edx
1:  add dword ptr [ebx + BUF_SAMPLES], 1
    adc dword ptr [ebx + BUF_SAMPLES + 4], 0
    cmp edx, [ebx + BUF_SMALLEST + 4]
    ja 3f
    jb 2f
    cmp eax, [ebx + BUF_SMALLEST]
    jae 3f
2:  mov [ebx + BUF_SMALLEST], eax
    mov [ebx + BUF_SMALLEST + 4], edx
3:  cmp edx, [ebx + BUF_LARGEST + 4]
    jb 5f
    ja 4f
    cmp eax, [ebx + BUF_LARGEST]
    jb 5f
4:  mov [ebx + BUF_LARGEST], eax
    mov [ebx + BUF_LARGEST + 4], edx
    mov [ebx + BUF_LARGEST_AT], esi
    mov [ebx + BUF_LARGEST_AT + 4], edi
5:  cmp edx, 64                         # keeps the division below within 32 bits; it is more than 16.8 s up to 16 GHz
    jae 8f
    test edx, edx
    jnz 6f
    cmp eax, [ticks_per_us]
    jae 6f
    xor eax, eax                        # nearly all come here
    jmp 9f
6:  mov ecx, edx                        # ticks × 1000 ÷ kHz: microseconds
    mov edx, 1000
    mul edx
    imul ecx, ecx, 1000
    add edx, ecx
    div dword ptr [tsc_khz]
    cmp eax, 1 << LINEAR_SHIFT
    jb 9f
    bsr ecx, eax                        # the power of two below it
    cmp ecx, TOP_SHIFT
    jae 8f
    sub ecx, FINE_SHIFT
    shr eax, cl                         # 32 to 63
    sub ecx, LINEAR_SHIFT - FINE_SHIFT
    shl ecx, FINE_SHIFT
    lea eax, [eax + ecx + (1 << LINEAR_SHIFT) - (1 << FINE_SHIFT)]
    jmp 9f
8:  mov eax, BUCKETS - 1
9:  add dword ptr [ebx + eax * 8 + BUF_COUNTS], 1
    adc dword ptr [ebx + eax * 8 + BUF_COUNTS + 4], 0
    ret

.section .bss
.balign 64
records:        .skip MAX_VCPUS * REC_BYTES
