# SPDX-License-Identifier: MIT
"""What the end-to-end tests stand on: services, engines, namespaces, clients and readers."""
