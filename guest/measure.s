# The measurement: read the TSC back to back, keep the largest gap, publish at the end of each window.
#
# A measuring vCPU touches no port, no APIC and no memory but its own record: nothing of what it does leaves the guest,
# so whatever gap it sees came from outside. Gaps across the end of a window count too (in the next window): no blind spot.

.section .text
.code32

# eax vCPU number → ebp its record. Clobbers eax.
record_of:
    imul ebp, eax, REC_BYTES
    add ebp, offset records
    ret

# Window 1 of every vCPU; its start and end are set by the vCPU itself.
prepare_records:
    mov ecx, MAX_VCPUS
    mov ebp, offset records
1:  mov dword ptr [ebp + REC_WINDOW], 1
    add ebp, REC_BYTES
    dec ecx
    jnz 1b
    ret

# The life of a vCPU that only measures. ebp: its record.
measure_forever:
    rdtsc
    mov [ebp + REC_PREVIOUS], eax
    mov [ebp + REC_PREVIOUS + 4], edx
1:  call open_window
    mov eax, [ebp + REC_WINDOW_END]
    mov edx, [ebp + REC_WINDOW_END + 4]
    mov [ebp + REC_STOP], eax
    mov [ebp + REC_STOP + 4], edx
    call measure
    call publish
    jmp 1b

# One turn of a vCPU that also prints: measures for a tick at most, so that the power button is seen in time whatever the
# window's length. What it does between its turns is not counted, and its window stays open meanwhile. ebp: its record.
measure_slice:
    rdtsc
    mov [ebp + REC_PREVIOUS], eax
    mov [ebp + REC_PREVIOUS + 4], edx
    mov eax, [ebp + REC_WINDOW_END]
    or eax, [ebp + REC_WINDOW_END + 4]
    jnz 1f
    call open_window
1:  mov eax, [tick_ms]
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
    jb 2f
    call publish
    call open_window
2:  ret

# Starts a window at the last TSC read.
open_window:
    xor eax, eax
    mov [ebp + REC_LARGEST], eax
    mov [ebp + REC_LARGEST + 4], eax
    mov [ebp + REC_SAMPLES], eax
    mov [ebp + REC_SAMPLES + 4], eax
    mov eax, [ebp + REC_PREVIOUS]
    mov edx, [ebp + REC_PREVIOUS + 4]
    add eax, [window_ticks]
    adc edx, [window_ticks + 4]
    mov [ebp + REC_WINDOW_END], eax
    mov [ebp + REC_WINDOW_END + 4], edx
    ret

# The loop itself, until the TSC reaches REC_STOP; at least one read. Clobbers all but ebp and esp.
measure:
    mov esi, [ebp + REC_PREVIOUS]       # edi:esi the last read
    mov edi, [ebp + REC_PREVIOUS + 4]
    mov ebx, [ebp + REC_LARGEST]        # ecx:ebx the largest gap
    mov ecx, [ebp + REC_LARGEST + 4]
1:  rdtsc
    sub eax, esi                        # edx:eax the gap
    sbb edx, edi
    add esi, eax                        # and edi:esi this read
    adc edi, edx
    add dword ptr [ebp + REC_SAMPLES], 1
    adc dword ptr [ebp + REC_SAMPLES + 4], 0
    cmp edx, ecx                        # signed: a TSC that steps back is not a gap of centuries
    jl 3f
    jg 2f
    cmp eax, ebx
    jbe 3f
2:  mov ebx, eax
    mov ecx, edx
3:  cmp edi, [ebp + REC_STOP + 4]
    jb 1b
    ja 4f
    cmp esi, [ebp + REC_STOP]
    jb 1b
4:  mov [ebp + REC_PREVIOUS], esi
    mov [ebp + REC_PREVIOUS + 4], edi
    mov [ebp + REC_LARGEST], ebx
    mov [ebp + REC_LARGEST + 4], ecx
    ret

# Puts the finished window into the ring and goes on to the next number. The slot's number is 0 while it changes; x86
# keeps stores in order, so a reader that sees the number before and after has the figures that belong to it.
publish:
    mov ecx, [ebp + REC_WINDOW]
    mov edi, ecx
    call slot_of
    mov dword ptr [edi + SLOT_WINDOW], 0
    mov eax, [ebp + REC_LARGEST]
    mov edx, [ebp + REC_LARGEST + 4]
    mov [edi + SLOT_LARGEST], eax
    mov [edi + SLOT_LARGEST + 4], edx
    mov eax, [ebp + REC_SAMPLES]
    mov edx, [ebp + REC_SAMPLES + 4]
    mov [edi + SLOT_SAMPLES], eax
    mov [edi + SLOT_SAMPLES + 4], edx
    mov [edi + SLOT_WINDOW], ecx
    inc ecx
    mov [ebp + REC_WINDOW], ecx
    ret

# ebp record, edi window number → edi its slot.
slot_of:
    and edi, RING_SLOTS - 1
    shl edi, SLOT_SHIFT
    lea edi, [ebp + edi + REC_RING]
    ret

.section .bss
.balign 64
records:        .skip MAX_VCPUS * REC_BYTES
