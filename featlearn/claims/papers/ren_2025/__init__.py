"""Claims of Ren, Nichani, Wu & Lee 2025, on sudden emergence and smooth scaling laws."""
