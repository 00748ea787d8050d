"""Detectors: one file, one public function, one name of finding each."""
