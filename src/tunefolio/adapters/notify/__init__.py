"""Carries notices outside: mail, webhooks, Telegram."""
