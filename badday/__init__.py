"""What happens on bad days. Each scenario starts a real Berth and treats it badly."""
