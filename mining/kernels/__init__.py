"""Pure loops over arena arrays: one file, one public function, one typed result each."""
