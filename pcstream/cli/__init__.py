"""The pcstream command, one file per verb."""
