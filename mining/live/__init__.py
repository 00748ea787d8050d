"""The live executor: follows the store, keeps arenas and reports up to date."""
