"""The sockets that clients come in by: who may, how many, and frames in and out."""
