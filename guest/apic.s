# The local APIC, by MSR where the CPU has x2APIC and by memory where not (QEMU's TCG before 9.0): who am I, start the
# others, and a timer to sleep by. All of it stays in the kernel under KVM, so it never waits for QEMU's lock.

.equ APIC_BASE,             0xfee00000
.equ APIC_ID,               0x020
.equ APIC_EOI,              0x0b0
.equ APIC_SPURIOUS,         0x0f0
.equ APIC_COMMAND,          0x300
.equ APIC_LVT_TIMER,        0x320
.equ APIC_LVT_LINT0,        0x350
.equ APIC_TIMER_INITIAL,    0x380
.equ APIC_TIMER_CURRENT,    0x390
.equ APIC_TIMER_DIVIDE,     0x3e0
.equ LVT_MASKED,            1 << 16
.equ ALL_BUT_SELF_INIT,     0x000c4500
.equ ALL_BUT_SELF_START,    0x000c46f0  # vector 0xf0: real-mode 0xf000:0, the ROM's alias below 1 MiB
.equ TIMER_VECTOR,          0x30        # ends a sleep
.equ WAKEUP_VECTOR,         0x31        # ends a wait that is measured
.equ LVT_DEADLINE,          1 << 18     # fires when the TSC reaches what MSR_DEADLINE says
.equ MSR_DEADLINE,          0x6e0
.equ SPURIOUS_VECTOR,       0x3f

.section .text
.code32

# The boot vCPU's APIC, ready for sleep_ms.
apic_init:
    mov eax, 1
    cpuid
    bt ecx, 21                          # x2APIC
    setc byte ptr [x2apic]
    bt ecx, 24                          # TSC-deadline
    setc byte ptr [tsc_deadline]
    call apic_enable
    # The old interrupt controller starts unmasked, with the PIT ticking into it: nothing here listens to either.
    mov al, 0xff
    out 0x21, al
    out 0xa1, al
    call apic_accept
    # falls through

# The boot vCPU's timer ends its sleeps.
timer_sleeps:
    mov eax, APIC_LVT_TIMER
    mov edx, TIMER_VECTOR               # one shot
    jmp apic_write

# A measuring vCPU's timer, ready for timer_wait.
timer_init:
    call apic_accept
    # falls through

timer_measures:
    mov edx, WAKEUP_VECTOR
    cmp byte ptr [tsc_deadline], 0
    je 1f
    or edx, LVT_DEADLINE
1:  mov eax, APIC_LVT_TIMER
    call apic_write
    lock or dword ptr [esp], 0          # the mode is set before the deadline is, where the APIC is memory
    ret

# Interrupts of this vCPU's own APIC, and no others.
apic_accept:
    mov eax, APIC_LVT_LINT0
    mov edx, LVT_MASKED
    call apic_write
    mov eax, APIC_SPURIOUS
    mov edx, 0x100 | SPURIOUS_VECTOR    # bit 8: software enable
    call apic_write
    mov eax, APIC_TIMER_DIVIDE
    mov edx, 0b1011                     # by one
    call apic_write
    lidt [idt_pointer]
    ret

# Waits, halted or spinning, until the TSC is at REC_NEXT → edi:esi the TSC in the handler's first instruction. Where the APIC counts
# its own ticks, REC_NEXT is set anew, to the moment at which they run out. Clobbers eax, ecx, edx. ebp: the record.
timer_wait:
    cmp byte ptr [tsc_deadline], 0
    je 1f
    mov ecx, MSR_DEADLINE
    mov eax, [ebp + REC_NEXT]
    mov edx, [ebp + REC_NEXT + 4]
    wrmsr
    jmp 2f
1:  rdtsc
    add eax, [interval_ticks]
    adc edx, 0
    mov [ebp + REC_NEXT], eax
    mov [ebp + REC_NEXT + 4], edx
    mov eax, APIC_TIMER_INITIAL
    mov edx, [interval_apic_ticks]
    call apic_write
2:  cmp byte ptr [idle_poll], 0
    jne 4f
    sti                                 # takes effect after the next instruction, so the timer cannot slip in between
3:  hlt
    jmp 3b                              # never reached: the interrupt does not come back here
4:  sti
5:  jmp 5b

# Enables this vCPU's APIC, in x2APIC mode where there is one. Clobbers eax, ecx, edx.
apic_enable:
    mov ecx, 0x1b                       # IA32_APIC_BASE
    rdmsr
    or eax, 1 << 11
    cmp byte ptr [x2apic], 0
    je 1f
    or eax, 1 << 10
1:  wrmsr
    ret

# → eax: this vCPU's APIC id. Clobbers ecx, edx.
apic_id:
    mov eax, APIC_ID
    call apic_read
    cmp byte ptr [x2apic], 0
    jne 1f
    shr eax, 24
1:  ret

# eax register → eax value. Clobbers ecx, edx.
apic_read:
    cmp byte ptr [x2apic], 0
    je 1f
    mov ecx, eax
    shr ecx, 4
    add ecx, 0x800
    rdmsr
    ret
1:  mov eax, [APIC_BASE + eax]
    ret

# eax register, edx value. Clobbers eax, ecx, edx.
apic_write:
    cmp byte ptr [x2apic], 0
    je 1f
    mov ecx, eax
    shr ecx, 4
    add ecx, 0x800
    mov eax, edx
    xor edx, edx
    wrmsr
    ret
1:  mov [APIC_BASE + eax], edx
    ret

# INIT, then start-up, to all others at once; each lands on rom_start.
apic_start_others:
    mov eax, APIC_COMMAND
    mov edx, ALL_BUT_SELF_INIT
    call apic_write
    mov eax, 10                         # the pause that the architecture asks for
    call wait_ms
    mov eax, APIC_COMMAND
    mov edx, ALL_BUT_SELF_START
    jmp apic_write

# Halts this vCPU for eax milliseconds. It rests on the APIC timer and not in a PAUSE loop, since its pCPU is a shared one: a
# busy wait would take time from QEMU's own threads and from other guests, and in turn hold up its own printing.
sleep_ms:
    mul dword ptr [apic_ticks_per_ms]
    mov edx, eax
    mov eax, APIC_TIMER_INITIAL
    call apic_write
    sti                                 # takes effect after the next instruction, so the timer cannot slip in between
1:  hlt
    jmp 1b                              # never reached: the interrupt does not come back here

# Interrupts are only ever open in a HLT or an empty loop, so their handlers drop the interrupted flags, selector and address and return
# for sleep_ms or timer_wait. Not by IRET: KVM's instruction emulator, through which some nested hosts run all unpaged code, lacks it.
wakeup_interrupt:
    rdtsc
    mov esi, eax
    mov edi, edx
    # falls through: the rest is as for a sleep
timer_interrupt:
    add esp, 12
    mov eax, APIC_EOI
    xor edx, edx
    jmp apic_write

spurious_interrupt:
    add esp, 12
    ret

# Only the vectors in use. A gate holds its handler's address in halves; the high one is 0xffff for all of the ROM.
.macro interrupt_gate handler
    .word \handler - rom_start
    .word CODE_SELECTOR
    .word 0x8e00                        # present, 32-bit interrupt gate
    .word 0xffff
.endm

.balign 8, 0x90
idt:
    .skip TIMER_VECTOR * 8, 0
    interrupt_gate timer_interrupt
    interrupt_gate wakeup_interrupt
    .skip (SPURIOUS_VECTOR - WAKEUP_VECTOR - 1) * 8, 0
    interrupt_gate spurious_interrupt
idt_end:
idt_pointer:
    .word idt_end - idt - 1
    .long idt

.section .bss
x2apic:             .skip 1
tsc_deadline:       .skip 1             # the timer can fire at a TSC
.balign 4
apic_ticks_per_ms:  .skip 4             # set by clock_init
