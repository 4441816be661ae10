"""Configuration format 2: a flag's ordered rules, read strictly (SPEC R20)."""
