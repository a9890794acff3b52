--- Lines of csrc/ that no spec can run: the function that each stands in and how it begins,
--- and why.

return {
  ["csrc/transport/attempts.c"] = {
    ["restart: finish("] = "memory that ends right after a stray answer",
  },
}
