"""The pages: server-rendered, one question each."""
