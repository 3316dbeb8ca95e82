"""Names for people, workspaces and keys: invented, from many places, some of them hard on label escaping."""

FIRST = (
    "Ada", "Amina", "Anna", "Aoife", "Astrid", "Beatriz", "Bilal", "Björn", "Carla", "Chidi", "Chloé", "Daichi",
    "Dmitri", "Elena", "Emeka", "Emil", "Farah", "Felix", "Fatou", "Giulia", "Grace", "Hanna", "Hiro", "Hugo",
    "Ines", "Ivan", "Jana", "Javier", "Jin", "Joana", "Kofi", "Lars", "Leila", "Linh", "Lucas", "Maja",
    "Marek", "Mei", "Mira", "Nadia", "Noah", "Nora", "Olga", "Omar", "Paolo", "Priya", "Quentin", "Rania",
    "Ravi", "Rosa", "Sami", "Sofia", "Tariq", "Tomas", "Uma", "Viktor", "Wen", "Yara", "Yuki", "Zoë",
)  # fmt: skip
LAST = (
    "Abbott", "Adeyemi", "Almeida", "Andersson", "Bauer", "Bianchi", "Costa", "Diallo", "Dubois", "Eriksen", "Farrell",
    "Fernández", "Fischer", "Garcia", "Großmann", "Gupta", "Haddad", "Hansen", "Ibrahim", "Ito", "Jansen", "Jensen",
    "Kaur", "Keller", "Kim", "Kowalski", "Kumar", "Laurent", "Lee", "Lindqvist", "Lopez", "Mancini", "Mbeki", "Moreau",
    "Murphy", "Müller", "Nakamura", "Nguyen", "Novák", "Okafor", "Olsen", "Park", "Patel", "Pereira", "Petrov",
    "Quinn", "Rahman", "Ricci", "Rossi", "Sato", "Schmidt", "Silva", "Singh", "Tanaka", "Torres", "Ueda", "Vargas",
    "Weber", "Yilmaz", "Zhang",
)  # fmt: skip
WORKSPACES = (
    "Production", "Staging", "Data Science", "Research", "Customer Support", "Evaluation", "Mobile", "Platform",
    "Search", "Billing", "Documentation", "Partners", "Sandbox", "Security", "Growth",
)  # fmt: skip
ODD_WORKSPACES = ('Tools "and" toys', "分析チーム", "Path C:\\ops", "🚀 Launch")
ARCHIVED_WORKSPACES = ("Hackathon", "Migration")
SERVICES = (
    "billing-service", "search-ranker", "support-bot", "doc-indexer", "mail-triage", "ml-pipeline", "data-export",
    "chat-widget", "translation", "code-search", "report-writer", "risk-scoring", "etl-nightly", "playground",
)  # fmt: skip
STAGES = ("prod", "staging", "dev", "test")
CI_KEYS = ("ci-main", "ci-nightly", "ci-release", "review-bot", "docs-bot", "flaky-test-fixer")
ODD_CI_KEYS = ('ci "quoted" \\windows', "🤖 merge bot", "ключ сборки", "ci-main")  # the last a second key of that name
ODD_KEYS = ("two\nlines", "מפתח בדיקה", "trailing space ", "tab\there", "e-mail me@example.com", "100 % {\\n}")
COLORS = ("#6C5BB9", "#1F77B4", "#2CA02C", "#D62728", "#FF7F0E", "#17BECF", "#8C564B", "#BCBD22")
