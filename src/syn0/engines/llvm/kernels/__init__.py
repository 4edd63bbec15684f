"""What the kernels do, written as LLVM's text: products, nests of elements, sums, rows, dice."""
