"""Consolidated account statements (CAS): every mutual fund of CAMS and KFintech, every demat account of NSDL
and CDSL, as one PDF that its owner asks for by mail. docs/spec/imports.md says what is taken from one."""
