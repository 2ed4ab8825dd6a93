# Time: how fast the TSC and the APIC timer run, deadlines on the TSC, and ticks into nanoseconds.

.equ PM_TIMER_HZ,           3579545     # fixed by ACPI
.equ PM_TIMER_MASK,         0x00ffffff  # the 24 bits that every PM timer has
.equ CALIBRATION_PM_TICKS,  357955      # 100 ms
.equ SAMPLE_TRIES,          16
.equ HYPERVISOR_LEAF,       0x40000000
.equ FREQUENCY_LEAF,        0x40000010  # VMware's, which KVM guests get from QEMU where the TSC is invariant: eax in kHz

.equ SAMPLE_TSC,            0           # 64 bit
.equ SAMPLE_PM,             8           # 32 bit
.equ SAMPLE_APIC,           12          # 32 bit, counting down
.equ SAMPLE_BYTES,          16

.section .text
.code32

# Measures both clocks against the PM timer for 100 ms, then prefers the TSC frequency that the hypervisor states. Leaf
# 0x16 is not asked: it is the nominal frequency, off by up to 0.1% from what the TSC really does.
clock_init:
    mov eax, APIC_TIMER_INITIAL
    mov edx, 0xffffffff
    call apic_write
    mov edi, offset first_sample
    call clock_sample
1:  mov edx, PM_TIMER
    in eax, dx
    sub eax, [first_sample + SAMPLE_PM]
    and eax, PM_TIMER_MASK
    cmp eax, CALIBRATION_PM_TICKS
    jb 1b
    mov edi, offset last_sample
    call clock_sample

    # The APIC timer has run out, after some 4 s: held up for so long that the PM timer may have gone round. Once more.
    cmp dword ptr [last_sample + SAMPLE_APIC], 0
    je clock_init

    # kHz = ticks / (pm ticks / PM_TIMER_HZ) / 1000; both sides divided by five, so that 24 bits of pm ticks fit.
    mov ebx, [last_sample + SAMPLE_PM]
    sub ebx, [first_sample + SAMPLE_PM]
    and ebx, PM_TIMER_MASK
    imul ebx, ebx, 1000 / 5
    mov ecx, PM_TIMER_HZ / 5
    mov eax, [first_sample + SAMPLE_APIC]
    sub eax, [last_sample + SAMPLE_APIC]
    xor edx, edx
    call mul_div
    mov [apic_ticks_per_ms], eax
    mov eax, [last_sample + SAMPLE_TSC]
    mov edx, [last_sample + SAMPLE_TSC + 4]
    sub eax, [first_sample + SAMPLE_TSC]
    sbb edx, [first_sample + SAMPLE_TSC + 4]
    call mul_div
    mov [tsc_khz], eax

    mov eax, 1
    cpuid
    bt ecx, 31                          # runs under a hypervisor, so its leaves exist
    jnc 2f
    mov eax, HYPERVISOR_LEAF
    cpuid
    cmp eax, FREQUENCY_LEAF
    jb 2f
    mov eax, FREQUENCY_LEAF
    cpuid
    test eax, eax
    jz 2f
    mov [tsc_khz], eax
    mov byte ptr [tsc_stated], 1
2:  ret

# Fills the sample at edi. Of several tries the one counts whose PM timer read took the least time, and the middle of
# that read: each read is an exit to QEMU, which may be held up at any point.
clock_sample:
    mov ebp, -1                         # the shortest read so far, in TSC ticks
    mov ecx, SAMPLE_TRIES
1:  push ecx
    rdtsc
    mov esi, eax
    mov ebx, edx
    mov edx, PM_TIMER
    in eax, dx
    mov ecx, eax
    rdtsc
    sub eax, esi
    cmp eax, ebp
    jae 2f
    mov ebp, eax
    shr eax, 1
    add esi, eax
    adc ebx, 0
    mov [edi + SAMPLE_TSC], esi
    mov [edi + SAMPLE_TSC + 4], ebx
    mov [edi + SAMPLE_PM], ecx
    mov eax, APIC_TIMER_CURRENT
    call apic_read
    mov [edi + SAMPLE_APIC], eax
2:  pop ecx
    dec ecx
    jnz 1b
    ret

# eax milliseconds → edx:eax TSC ticks.
ms_to_ticks:
    mul dword ptr [tsc_khz]
    ret

# Sets the deadline eax milliseconds from now. Clobbers eax, edx.
deadline_in:
    call ms_to_ticks
    mov [deadline], eax
    mov [deadline + 4], edx
    rdtsc
    add [deadline], eax
    adc [deadline + 4], edx
    ret

# Carry set once the deadline has passed. Clobbers eax, edx.
deadline_passed:
    rdtsc
    sub eax, [deadline]
    sbb edx, [deadline + 4]
    cmc                                 # no borrow: now is at or past it
    ret

# Waits eax milliseconds, busy: for start-up only.
wait_ms:
    call deadline_in
1:  pause
    call deadline_passed
    jnc 1b
    ret

# edx:eax TSC ticks → edx:eax nanoseconds.
ticks_to_ns:
    mov ecx, 1000000
    mov ebx, [tsc_khz]
    # falls through

# edx:eax × ecx ÷ ebx → edx:eax, with 96 bits in between. Clobbers esi, edi; keeps ebx, ecx.
mul_div:
    mov edi, edx
    mul ecx
    mov esi, eax                        # bits 0-31 of the product
    mov eax, edi
    mov edi, edx
    mul ecx
    add eax, edi                        # bits 32-63
    adc edx, 0                          # bits 64-95
    mov edi, eax
    mov eax, edx
    xor edx, edx
    div ebx
    mov eax, edi                        # the quotient's top word is dropped: it is 0 for any time below centuries
    div ebx
    mov edi, eax
    mov eax, esi
    div ebx
    mov edx, edi
    ret

.section .bss
.balign 8
first_sample:   .skip SAMPLE_BYTES
last_sample:    .skip SAMPLE_BYTES
deadline:       .skip 8
tsc_khz:        .skip 4
tsc_stated:     .skip 1                 # 1: the hypervisor states it, 0: measured
