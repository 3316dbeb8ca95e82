"""A simulated organization behind the documented Admin API, over real HTTP.

It knows nothing of the exporter's client: both were written from the API reference, so that a misreading
on one side shows as a difference.

    options -> people, invites, workspaces, keys -> organization -> activity (one UTC day, the single truth)
      `-> incidents -> planted, planted_days -------^                |-> wire -> pages -> server
                                                                     `-> truth
"""
