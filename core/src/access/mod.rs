//! What a user may do: tiers, roles, features, and the policy that decides.
