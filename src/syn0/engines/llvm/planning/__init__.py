"""From a program to a plan: which kernels run on which memory, in which order.

In the order of reading: `lowering`, `views`, `fusion`, `calls`, `schedule`, `arena`, `plan`.
"""
