"""The pool machine: worker slots, their restarts, and what is held to hang."""
