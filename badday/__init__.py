"""What happens on bad days: each scenario starts a real Berth, treats it badly, and looks at what is left."""
