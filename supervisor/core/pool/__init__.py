"""The pool machine: worker slots, their restarts, and the detection of hung workers."""
