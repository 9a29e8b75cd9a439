"""Kassa as a program: settings, the command line, serving and ending."""
