"""OpenFeature's protocols: OFREP, by which its providers ask for flags, and the manifest that its command line pulls."""
