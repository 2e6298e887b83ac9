//! Every string of the pages in English, Chinese and German: one table. What a definition or a hospital wrote is not translated.

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lang {
    /// English.
    En,
    /// Simplified Chinese.
    Zh,
    /// German.
    De,
}

impl Lang {
    /// All, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::En, Self::Zh, Self::De];

    /// The tag of the `lang` attribute.
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh-Hans",
            Self::De => "de",
        }
    }

    /// The word of addresses and cookies.
    pub fn word(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
            Self::De => "de",
        }
    }

    /// Its own name.
    pub fn name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Zh => "中文",
            Self::De => "Deutsch",
        }
    }

    /// The language of a word such as `de`, `de-AT` or `zh-Hans-CN`.
    pub fn named(word: &str) -> Option<Self> {
        let first = word.trim().split(['-', '_', ';']).next().unwrap_or_default().to_ascii_lowercase();
        Self::ALL.into_iter().find(|l| l.word() == first)
    }

    /// The first that an `Accept-Language` asks for and that there is; its order of weights is honored.
    pub fn accepted(header: &str) -> Option<Self> {
        let mut asked: Vec<(i64, Self)> = Vec::new();
        for part in header.split(',').take(20) {
            let mut words = part.split(';').map(str::trim);
            let Some(lang) = words.next().and_then(Self::named) else { continue };
            let weight = words.find_map(|w| w.strip_prefix("q=")).map_or(1000, thousandths);
            asked.push((-weight, lang));
        }
        asked.sort_by_key(|(weight, _)| *weight);
        asked.first().filter(|(weight, _)| *weight < 0).map(|(_, lang)| *lang)
    }
}

/// `0.8` is 800.
fn thousandths(text: &str) -> i64 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part = format!("{part:0<3}");
    whole.parse::<i64>().unwrap_or(0) * 1000 + part.get(..3).and_then(|p| p.parse().ok()).unwrap_or(0)
}

/// One string in each language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words(pub [&'static str; 3]);

impl Words {
    /// In that language.
    pub fn say(self, lang: Lang) -> &'static str {
        self.0[lang as usize]
    }

    /// With its `{}` filled in order.
    pub fn fill(self, lang: Lang, values: &[&str]) -> String {
        let mut parts = self.say(lang).split("{}");
        let mut out = parts.next().unwrap_or_default().to_owned();
        for (place, part) in parts.enumerate() {
            out.push_str(values.get(place).copied().unwrap_or_default());
            out.push_str(part);
        }
        out
    }
}

macro_rules! table {
    ($($name:ident: $en:literal, $zh:literal, $de:literal;)*) => {
        $(#[allow(missing_docs)] pub const $name: Words = Words([$en, $zh, $de]);)*
        /// The whole table.
        pub const ALL: &[(&str, Words)] = &[$((stringify!($name), $name)),*];
    };
}

table! {
    // Frame
    SKIP: "Skip to content", "跳到正文", "Zum Inhalt springen";
    TAGLINE: "Trial eligibility, decided and explained", "临床试验入组资格：判定与依据", "Studieneignung, entschieden und begründet";
    NAV: "Main navigation", "主导航", "Hauptnavigation";
    NAV_WORKLIST: "Worklist", "工作列表", "Arbeitsliste";
    NAV_TRIAL: "Trial", "试验", "Studie";
    NAV_TRIALS: "Trials", "试验", "Studien";
    LANGUAGE: "Language", "语言", "Sprache";
    SIGNED_IN_AS: "Signed in as", "当前用户", "Angemeldet als";
    SIGN_OUT: "Sign out", "退出登录", "Abmelden";
    PROPOSAL: "A computed verdict is a proposal. People confirm eligibility. Not medical advice.", "计算得出的结论仅为建议，须由研究人员确认；不构成医疗建议。", "Ein berechnetes Urteil ist ein Vorschlag. Menschen bestätigen die Eignung. Keine medizinische Beratung.";
    DEMO: "Demonstration with synthetic people on this machine; the clock is set by the story.", "演示环境：虚构患者，仅在本机运行；时钟由演示设定。", "Vorführung mit erfundenen Personen auf diesem Rechner; die Uhr stellt die Geschichte.";
    AS_OF: "As of", "截至", "Stand";
    // Signing in
    SIGN_IN: "Sign in", "登录", "Anmelden";
    USER_NAME: "User name", "用户名", "Benutzername";
    PASSWORD: "Password", "密码", "Passwort";
    WRONG: "Name or password is wrong, or the account may not sign in.", "用户名或密码错误，或该账户不可登录。", "Name oder Passwort ist falsch, oder das Konto darf sich nicht anmelden.";
    LOCKED: "Too many failed attempts. Try again after {}.", "失败次数过多。请在 {} 之后重试。", "Zu viele Fehlversuche. Erneut möglich ab {}.";
    STALE: "This form has expired. Nothing was changed; please try again.", "该表单已失效，未作任何更改；请重试。", "Dieses Formular ist abgelaufen. Nichts wurde geändert; bitte erneut versuchen.";
    SESSION_NOTE: "Sessions end after 30 minutes without use.", "30 分钟无操作将自动退出。", "Sitzungen enden nach 30 Minuten ohne Nutzung.";
    NO_ACCOUNT: "No account yet", "尚无账户", "Noch kein Konto";
    NO_ACCOUNT_HOW: "Pages are shown to people who signed in. Stop the gateway, make an account and give it a role, then start it again:", "页面仅向已登录人员显示。请停止网关，创建账户并授予角色，然后重新启动：", "Seiten sehen nur angemeldete Personen. Das Gateway anhalten, ein Konto anlegen, eine Rolle geben, wieder starten:";
    NO_ROLE: "No role in any trial", "在任何试验中都没有角色", "Keine Rolle in einer Studie";
    NO_ROLE_HOW: "Your account has no role in a trial at this site. Ask whoever administers accounts.", "您的账户在本中心的任何试验中都没有角色，请联系账户管理员。", "Ihr Konto hat in keiner Studie dieses Zentrums eine Rolle. Bitte wenden Sie sich an die Kontoverwaltung.";
    NOT_FOUND: "Not found", "未找到", "Nicht gefunden";
    NOT_FOUND_WHY: "There is nothing at this address that your account may see.", "此地址没有您的账户可查看的内容。", "Unter dieser Adresse gibt es nichts, was Ihr Konto sehen darf.";
    FAILED: "Something failed", "出现故障", "Etwas ist fehlgeschlagen";
    FAILED_WHY: "The gateway could not answer. Try again in a moment; the log has the cause.", "网关暂时无法响应，请稍后重试；原因已记入日志。", "Das Gateway konnte nicht antworten. Bitte gleich erneut versuchen; die Ursache steht im Protokoll.";
    NO_GROUND: "Not shown: no ground for “{}”", "不予显示：缺少“{}”的依据", "Nicht gezeigt: keine Grundlage für „{}“";
    NO_GROUND_WHY: "Persons are shown only if the site has stated a ground for this purpose and your role includes it.", "只有当本中心已声明该用途的依据且您的角色包含该用途时，才会显示患者。", "Personen werden nur gezeigt, wenn das Zentrum für diesen Zweck eine Grundlage genannt hat und Ihre Rolle ihn umfasst.";
    BACK: "Back to the worklist", "返回工作列表", "Zurück zur Arbeitsliste";
    // Verdicts and marks
    ELIGIBLE: "Eligible", "符合", "Geeignet";
    INELIGIBLE: "Ineligible", "不符合", "Nicht geeignet";
    UNDETERMINED: "Undetermined", "未定", "Unentschieden";
    BY_DATA: "by data", "依据数据", "nach Daten";
    PEOPLE_ONLY: "for people only", "仅待人工判断", "nur von Menschen zu klären";
    PEOPLE_ONLY_WHY: "Nothing but answers of people is open.", "仅剩需人工回答的问题。", "Offen sind nur noch Antworten von Menschen.";
    PROVISIONAL: "provisional", "暂定", "vorläufig";
    PROVISIONAL_WHY: "It leans on results that may still change.", "依据的结果可能仍会变化。", "Es stützt sich auf Ergebnisse, die sich noch ändern können.";
    PRESUMED: "presumed", "推定", "vermutet";
    PRESUMED_WHY: "It leans on a presumption that the definition states, such as nothing on a current problem list.", "依据试验定义中声明的推定，例如最新问题清单中无相关记录。", "Es stützt sich auf eine Vermutung der Studiendefinition, etwa: nichts auf einer aktuellen Problemliste.";
    MET: "met", "满足", "erfüllt";
    NOT_MET: "not met", "不满足", "nicht erfüllt";
    NOT_NEEDED: "not met, not needed", "不满足，非必需", "nicht erfüllt, nicht nötig";
    OPEN_NOT_NEEDED: "open, not needed", "待定，非必需", "offen, nicht nötig";
    EXCLUDES: "excludes", "构成排除", "schließt aus";
    EXCLUDES_NOT: "does not exclude", "不构成排除", "schließt nicht aus";
    OPEN: "open", "待定", "offen";
    NOT_APPLICABLE: "not applicable", "不适用", "nicht anwendbar";
    BLINDED: "blinded", "设盲", "verblindet";
    HOLDS: "true", "是", "wahr";
    HOLDS_NOT: "false", "否", "falsch";
    UNKNOWN: "unknown", "未知", "unbekannt";
    // Statuses
    POTENTIAL_CANDIDATE: "Potential candidate", "潜在候选", "Möglicher Kandidat";
    CANDIDATE: "Candidate", "候选", "Kandidat";
    SCREENING: "Screening", "筛选中", "Im Screening";
    STATUS_ELIGIBLE: "Eligible, confirmed", "已确认符合", "Geeignet, bestätigt";
    PENDING_ON_STUDY: "Pending on study", "待入组", "Aufnahme steht aus";
    ON_STUDY: "On study", "研究中", "In der Studie";
    ON_STUDY_INTERVENTION: "On study, intervention", "研究中（干预）", "In der Studie, Intervention";
    ON_STUDY_OBSERVATION: "On study, observation", "研究中（观察）", "In der Studie, Beobachtung";
    FOLLOW_UP: "Follow-up", "随访", "Nachbeobachtung";
    OFF_STUDY: "Off study", "退出研究", "Studie beendet";
    STATUS_INELIGIBLE: "Ineligible", "不符合", "Nicht geeignet";
    NOT_REGISTERED: "Not registered", "未登记", "Nicht registriert";
    WITHDRAWN: "Withdrawn", "已撤回", "Zurückgezogen";
    COMPUTED: "computed", "计算得出", "berechnet";
    // Why something is open
    NEVER_SEEN: "never seen", "从未收到", "nie gesehen";
    TOO_OLD: "too old", "过期", "zu alt";
    NOT_YET_FINAL: "not yet final", "尚未定稿", "noch nicht endgültig";
    KNOWN_IN_PART: "known in part", "仅部分已知", "nur teilweise bekannt";
    CONFLICTING: "conflicting", "相互矛盾", "widersprüchlich";
    IMPLAUSIBLE: "implausible", "不合理", "unplausibel";
    UNIT_NOT_CONVERTIBLE: "unit not convertible", "单位不可换算", "Einheit nicht umrechenbar";
    CODE_NOT_UNDERSTOOD: "code not understood", "编码无法识别", "Code nicht verstanden";
    AWAITING_ATTESTATION: "awaiting a person's answer", "待人工回答", "wartet auf eine Antwort";
    ANCHOR_NOT_REACHED: "has not happened yet", "尚未发生", "noch nicht eingetreten";
    LAST_ON: "last {}", "最近一次 {}", "zuletzt {}";
    MAY_BE: "In codes that nobody understands here came, and may be it", "以无人识别的代码收到、可能即为该项的结果", "In hier unverstandenen Codes kam, was es sein kann";
    // Feeds and queues
    FEEDS: "Feeds and queues", "数据源与队列", "Zuflüsse und Warteschlangen";
    FEEDS_WHY: "What the sources sent, what could not be kept, and what waits for the targets. Days are days of UTC.", "各数据源发送的数据、未能保存的数据以及等待发送的数据。日期按 UTC 计算。", "Was die Quellen sandten, was nicht behalten werden konnte und was auf die Ziele wartet. Tage sind Tage der UTC.";
    NO_FEED: "Nothing has come from any source of this trial yet.", "尚未收到该试验任何数据源的数据。", "Von keiner Quelle dieser Studie ist bisher etwas gekommen.";
    SILENT_SINCE: "silent since {}", "自 {} 起无数据", "still seit {}";
    LAST_SEEN: "Last seen", "最近收到", "Zuletzt gesehen";
    YESTERDAY: "Yesterday", "昨日", "Gestern";
    TODAY: "Today, so far", "今日（截至目前）", "Heute bisher";
    OF_EXPECTED: "{} of {} expected", "{}（预期 {}）", "{} von erwarteten {}";
    AFTER_CLINICAL: "Known within an hour, a day, a week of the clinical time", "在临床时间后一小时、一天、一周内获知", "Binnen Stunde, Tag, Woche nach der klinischen Zeit bekannt";
    AFTER_RECORDED: "Known within an hour, a day, a week of the recorded time", "在记录时间后一小时、一天、一周内获知", "Binnen Stunde, Tag, Woche nach der Erfassung bekannt";
    READ_BY_NOBODY: "In codes that no definition reads, last seven days", "近七日未被任何定义读取的编码", "In Codes, die keine Definition liest, letzte sieben Tage";
    OF_ALL: "{} of {}", "{} / {}", "{} von {}";
    SET_ASIDE: "Set aside", "已搁置", "Beiseitegelegt";
    VARIABLE: "Variable", "变量", "Variable";
    CHANGED_FEED: "Changed code or unit", "编码或单位变化", "Geänderter Code oder Einheit";
    TARGETS: "Targets", "发送目标", "Ziele";
    TARGET_NAME: "Target", "目标", "Ziel";
    NOTHING_WAITS: "Nothing waits, and nothing was refused.", "没有等待发送或被拒绝的内容。", "Nichts wartet, und nichts wurde abgelehnt.";
    WAITING: "To be sent", "待发送", "Zu senden";
    DEAD_LETTERS: "Dead letters", "无法投递", "Unzustellbar";
    FAILING_SINCE: "Failing since", "失败始于", "Scheitert seit";
    // Worklist
    WORKLIST: "Worklist", "工作列表", "Arbeitsliste";
    OVERVIEW_TILES: "Persons by verdict", "按结论统计的人数", "Personen nach Urteil";
    NEAR_MISSES: "Near misses", "差一项", "Knapp verfehlt";
    ALL_LISTED: "All listed", "全部", "Alle gelisteten";
    FILTER: "Filter and order", "筛选与排序", "Filtern und ordnen";
    VERDICT: "Verdict", "结论", "Urteil";
    STATUS: "Status", "状态", "Status";
    ANY: "any", "不限", "beliebig";
    WAITS_FOR: "Waits for", "等待项目", "Wartet auf";
    ORDER: "Order", "排序", "Reihenfolge";
    ORDER_NEXT: "What to do next", "优先处理", "Was als Nächstes zu tun ist";
    ORDER_TESTS: "Fewest tests first", "所缺检查最少优先", "Wenigste Tests zuerst";
    ORDER_CHANGED: "Newest change first", "最近变化优先", "Neueste Änderung zuerst";
    ORDER_EXPIRES: "Expires soonest first", "最早到期优先", "Früheste Fälligkeit zuerst";
    ORDER_PERSON: "By person", "按人员", "Nach Person";
    ONLY_NEAR: "Near misses only", "仅差一项者", "Nur knapp verfehlte";
    APPLY: "Apply", "应用", "Anwenden";
    CLEAR: "Clear", "清除", "Zurücksetzen";
    SHOWING: "Showing {} of {} persons", "显示第 {} 名，共 {} 名", "{} von {} Personen";
    NONE_FIT: "Nobody fits this filter.", "没有符合筛选条件的人员。", "Niemand passt zu diesem Filter.";
    NONE_LISTED: "Nobody is listed yet.", "尚无人员列入。", "Noch ist niemand gelistet.";
    CUT: "More than {} persons are listed; the first {} in order of key are looked through here.", "列入人数超过 {}；此处仅检视按编号排列的前 {} 名。", "Es sind mehr als {} Personen gelistet; hier werden die ersten {} in der Reihenfolge ihres Schlüssels durchgesehen.";
    NOT_LISTED: "Not listed", "未列入", "Nicht gelistet";
    NOT_LOOKED_AT: "not looked at: {}", "未检视：{}", "nicht betrachtet: {}";
    NOT_CONSIDERED: "not considered by this trial", "不属于本试验考察对象", "von dieser Studie nicht betrachtet";
    OBJECTED: "objected", "已拒绝研究使用", "widersprochen";
    DECEASED: "deceased", "已故", "verstorben";
    HIDDEN: "restricted or inactive record", "记录受限或停用", "gesperrter oder inaktiver Datensatz";
    REMOVED: "removed by a person", "由人工移除", "von einem Menschen entfernt";
    NOT_RECRUITING: "not recruiting", "未在招募", "nimmt niemanden auf";
    NO_LIST_GROUND: "no ground stated for listing", "未声明列出依据", "keine Grundlage für eine Liste genannt";
    PERSONS_CAPTION: "Persons of {}", "{} 的人员", "Personen zu {}";
    PERSON: "Person", "人员", "Person";
    WHAT_DECIDES: "What decides", "决定因素", "Was entscheidet";
    NEWEST_CHANGE: "Newest change", "最近变化", "Neueste Änderung";
    NEXT: "Next", "下一步", "Nächstes";
    TESTS_OPEN: "{} open", "缺 {} 项", "{} offen";
    NOTHING_OPEN: "Nothing is open.", "无待定项目。", "Nichts ist offen.";
    ALONE: "{} alone keeps the person out", "仅因 {} 不符合", "Nur {} steht entgegen";
    DISTANCE: "{} away", "相差 {}", "{} entfernt";
    KEPT_OUT_BY: "Kept out by {}", "不符合项：{}", "Entgegen stehen {}";
    FIRST_LOOK: "first look", "首次检视", "erste Betrachtung";
    SEALED: "Eligibility is sealed at registration.", "资格已在登记时封存。", "Die Eignung ist seit der Registrierung versiegelt.";
    HOLDS_UNTIL: "may lapse from {}", "可能自 {} 起失效", "kann ab {} entfallen";
    MAY_CHANGE: "may change from {}", "可能自 {} 起变化", "kann sich ab {} ändern";
    PAGES: "Pages of the list", "列表分页", "Seiten der Liste";
    PAGE_OF: "Page {} of {}", "第 {} 页，共 {} 页", "Seite {} von {}";
    PREVIOUS: "Previous", "上一页", "Zurück";
    FOLLOWING: "Next page", "下一页", "Weiter";
    // Person and trial
    CRITERIA: "Criteria", "入排标准", "Kriterien";
    INCLUSION: "Inclusion", "纳入", "Einschluss";
    EXCLUSION: "Exclusion", "排除", "Ausschluss";
    CRITERIA_AT_A_GLANCE: "Criteria at a glance", "标准一览", "Kriterien auf einen Blick";
    COMBINE: "How the inclusions combine", "纳入标准的组合方式", "Wie die Einschlüsse zusammenwirken";
    ANSWER_OF_PERSON: "a person's answer", "人工回答", "Antwort eines Menschen";
    WOULD_DECIDE: "What would decide it", "尚需哪些信息", "Was es entscheiden würde";
    ALL_OPEN: "Too much is open to tell what decides; all open items are listed.", "待定项过多，无法判断何者起决定作用；以下列出全部待定项。", "Zu viel ist offen, um zu sagen, was entscheidet; alle offenen Punkte stehen hier.";
    NOTHING_WOULD: "Nothing is missing that could change this verdict.", "没有缺失信息会改变该结论。", "Nichts fehlt, was dieses Urteil ändern könnte.";
    NEAR_MISS: "Near miss", "差一项", "Knapp verfehlt";
    VALUE: "Value", "数值", "Wert";
    LIMIT: "Limit", "界限", "Grenze";
    DIFFERENCE: "Difference", "差值", "Abstand";
    CONCERNS: "Concerns", "涉及", "Betrifft";
    REASON: "Reason", "原因", "Grund";
    ITEM: "Item", "项目", "Angabe";
    READ_AS: "How it was decided", "判定过程", "Wie entschieden wurde";
    EVIDENCE: "Evidence", "依据", "Belege";
    EVIDENCE_OF: "Evidence for {}", "{} 的依据", "Belege zu {}";
    NO_EVIDENCE: "No result was looked at.", "未检视任何结果。", "Kein Ergebnis wurde herangezogen.";
    AS_USED: "As used", "采用值", "Verwendet";
    AS_RECEIVED: "As received", "接收值", "Empfangen";
    WHEN: "When", "时间", "Wann";
    RESULT_STATUS: "Result status", "结果状态", "Ergebnisstatus";
    SOURCE: "Source and version", "来源与版本", "Quelle und Version";
    NOT_USED: "not used", "未采用", "nicht verwendet";
    REMARK: "Remark", "备注", "Anmerkung";
    ALL_OF: "all of", "以下全部", "alle von";
    ANY_OF: "any of", "以下任一", "eines von";
    AT_LEAST_OF: "at least {} of", "以下至少 {} 项", "mindestens {} von";
    OPPOSITE_OF: "the opposite of", "下述之否定", "das Gegenteil von";
    READINGS_AT_HAND: "Readings side by side", "各种解读对照", "Lesarten nebeneinander";
    READINGS_WHY: "Where the protocol can be read in more than one way: the verdict under each alternative, the rest as chosen.", "方案文字可有多种解读之处：每种解读下的结论（其余保持所选）。", "Wo das Protokoll mehrere Lesarten zulässt: das Urteil unter jeder, alles Übrige wie gewählt.";
    SAME_READINGS: "{} readings make no difference to this verdict", "{} 种解读不影响该结论", "{} Lesarten ändern an diesem Urteil nichts";
    QUESTION: "Question", "问题", "Frage";
    ALTERNATIVES: "Alternatives", "备选解读", "Lesarten";
    CHOSEN: "chosen", "已选", "gewählt";
    DIFFERS: "differs", "不同", "weicht ab";
    TRENDS: "Results over time", "结果趋势", "Ergebnisse im Verlauf";
    TREND_OF: "{} over time, {} results", "{} 随时间变化，{} 个结果", "{} im Verlauf, {} Ergebnisse";
    RESULTS_OF: "Results of {}", "{} 的结果", "Ergebnisse von {}";
    SHOW_TABLE: "Table of results ({})", "结果表（{}）", "Tabelle der Ergebnisse ({})";
    EARLIER: "{} earlier ones are not shown.", "另有 {} 条更早的记录未显示。", "{} frühere sind nicht gezeigt.";
    NEWEST: "newest", "最新", "neuester Wert";
    NO_LIMIT: "No criterion compares it with a number.", "没有标准将其与数值比较。", "Kein Kriterium vergleicht es mit einer Zahl.";
    HISTORY: "How the verdict came about", "结论的变化过程", "Wie das Urteil entstand";
    CAME: "Came", "新增", "Neu";
    WENT: "No longer used", "不再采用", "Nicht mehr verwendet";
    ONLY_TIME: "no new data; time passed", "无新数据；仅时间推移", "keine neuen Daten; Zeit verging";
    STATUS_HISTORY: "Status and its history", "状态及其历史", "Status und sein Verlauf";
    BY: "By", "由", "Durch";
    DATA: "data", "数据", "Daten";
    TAKEN_BACK: "taken back", "已撤销", "zurückgenommen";
    ATTEMPT: "Attempt", "次数", "Versuch";
    CONSENTED: "Consent", "知情同意", "Einwilligung";
    REGISTERED: "Registered", "登记", "Registriert";
    VALID_UNTIL: "valid until {}", "有效至 {}", "gültig bis {}";
    SINCE: "since {}", "自 {} 起", "seit {}";
    ALERTS: "To be looked at", "需关注", "Anzusehen";
    BEHIND: "Newer data is being taken in; this page already counts it.", "较新数据正在处理中；本页已将其计入。", "Neuere Daten werden gerade übernommen; diese Seite zählt sie schon mit.";
    TREATMENT: "Treatment", "治疗", "Behandlung";
    DAY_ZERO: "Day 0", "第 0 天", "Tag 0";
    DOSE: "Dose given", "实际剂量", "Gegebene Dosis";
    WITHIN: "within tolerance", "在容许范围内", "innerhalb der Toleranz";
    OUTSIDE: "outside tolerance", "超出容许范围", "außerhalb der Toleranz";
    KEY: "Key", "编号", "Schlüssel";
    ON_THIS_PAGE: "On this page", "本页内容", "Auf dieser Seite";
    SAYS: "The protocol says", "方案原文", "Das Protokoll sagt";
    // Trial
    TRIAL: "Trial", "试验", "Studie";
    RECORD: "Study record", "试验信息", "Studiendaten";
    SPONSOR: "Sponsor", "申办方", "Sponsor";
    PHASE: "Phase", "分期", "Phase";
    SITE: "Site", "中心", "Zentrum";
    TARGET: "Target enrollment", "目标入组数", "Geplante Teilnehmerzahl";
    DEFINITION: "Definition", "定义", "Definition";
    VERSION: "version {}", "第 {} 版", "Version {}";
    RECRUITS: "Recruiting here", "本中心招募", "Nimmt hier auf";
    YES: "yes", "是", "ja";
    NO: "no", "否", "nein";
    FUNNEL: "Funnel", "漏斗", "Trichter";
    FUNNEL_CAPTION: "Persons by status, and why others are not listed", "按状态统计的人数，以及其他人未列入的原因", "Personen nach Status, und warum andere nicht gelistet sind";
    PERSONS: "Persons", "人数", "Personen";
    ATTRITION: "Attrition in protocol order", "按方案顺序的流失", "Ausscheiden in der Reihenfolge des Protokolls";
    ATTRITION_WHY: "Still in: not kept out by this criterion or one before it. Alone: kept out by this one only.", "仍保留：未被此项或之前任何一项排除。单独：仅被此项排除。", "Noch dabei: von diesem und keinem früheren Kriterium ausgeschlossen. Allein: nur von diesem ausgeschlossen.";
    STILL_IN: "Still in", "仍保留", "Noch dabei";
    ALONE_COLUMN: "Alone", "单独", "Allein";
    DECIDABILITY: "Decidability per criterion", "各标准的可判定性", "Entscheidbarkeit je Kriterium";
    DECIDED: "Decided", "已判定", "Entschieden";
    CRITERION: "Criterion", "标准", "Kriterium";
    WITHHELD: "withheld", "隐去", "zurückgehalten";
    SMALL_CELLS: "Counts from 1 to {} are withheld, with those that would give them away.", "1 至 {} 的计数及可推算出它们的计数已隐去。", "Anzahlen von 1 bis {} sind zurückgehalten, mit denen, die sie verraten würden.";
    OPEN_QUESTIONS: "Open questions of the text", "方案文字中的未决问题", "Offene Fragen des Textes";
    OPEN_QUESTIONS_WHY: "Each is answered here in writing and must be signed off by the investigator.", "每个问题均在此书面作答，须由研究者签署确认。", "Jede ist hier schriftlich beantwortet und von der Prüfärztin oder dem Prüfarzt abzuzeichnen.";
    BECAUSE: "Because", "理由", "Begründung";
    ELIGIBLE_UNDER: "{} eligible, {} undetermined", "{} 人符合，{} 人未定", "{} geeignet, {} unentschieden";
    NOTES: "Words that are on purpose no criterion", "有意不作为标准的文字", "Worte, die bewusst kein Kriterium sind";
    NO_NUMBERS: "Nobody is counted yet.", "尚无统计。", "Noch ist niemand gezählt.";
    // Outcomes
    OUTCOMES: "Outcomes", "结局指标", "Endpunkte";
    OUTCOMES_WHY: "Worked out from the facts just now, for everybody by {} of the definition. A corrected result changes exactly what leans on it.", "由现有事实即时计算，所有人均按定义的{}；更正某一结果仅改变依赖它的数值。", "Gerade eben aus den Fakten berechnet, für alle nach {} der Definition. Ein korrigiertes Ergebnis ändert genau das, was darauf beruht.";
    FOLLOWED: "Persons followed", "随访人数", "Verfolgte Personen";
    NOT_FOLLOWED: "Not followed", "未随访", "Nicht verfolgt";
    NOBODY_FOLLOWED: "Nobody is followed yet: it takes a consent and a registration.", "尚无随访者：须先知情同意并登记。", "Noch wird niemand verfolgt: dafür braucht es Einwilligung und Registrierung.";
    NO_OUTCOMES: "The definition names no outcome.", "该定义未列出结局指标。", "Die Definition nennt keinen Endpunkt.";
    PERSONS_CUT: "There are more than {} persons; the first of them by key are counted.", "人数超过 {}；仅统计按编号排序的前若干人。", "Es sind mehr als {} Personen; gezählt sind die ersten nach Schlüssel.";
    DRAWN_CUT: "The first {} of {} persons are drawn; the summaries count all.", "图中仅绘出前 {} 人（共 {} 人）；汇总包含全部。", "Gezeichnet sind die ersten {} von {} Personen; die Zusammenfassungen zählen alle.";
    MEASURED: "What is measured at visits", "各访视测量项目", "Was an den Visiten gemessen wird";
    PRIMARY: "primary", "主要", "primär";
    SECONDARY: "secondary", "次要", "sekundär";
    OTHER_KIND: "other", "其他", "weitere";
    AT_BASELINE: "Median at baseline", "基线中位数", "Median zu Beginn";
    AT_NEWEST: "Newest median", "最近中位数", "Neuester Median";
    COURSE: "Median over visits", "中位数走势", "Median im Verlauf";
    OF_COUNT: "n = {}", "n = {}", "n = {}";
    HOLDS_OF: "{} of {}", "{}/{}", "{} von {}";
    OVER_VISITS: "{} over visits", "{}：各访视", "{} über die Visiten";
    OVER_VISITS_TOLD: "A line for each of {} persons and a box for each visit: median, quartiles, least and greatest. The tables beneath say the same.", "{} 人各一条线，每次访视一个箱形：中位数、四分位数、最小与最大值。下方表格内容相同。", "Eine Linie für jede von {} Personen, ein Kasten für jede Visite: Median, Quartile, kleinster und größter Wert. Die Tabellen darunter sagen dasselbe.";
    ANSWERS_TOLD: "For each visit, of how many of {} persons it holds. The table beneath says the same.", "每次访视成立的人数（共 {} 人）。下方表格内容相同。", "Für jede Visite, für wie viele von {} Personen es zutrifft. Die Tabelle darunter sagt dasselbe.";
    NO_VALUE: "There is no value yet.", "尚无数值。", "Es gibt noch keinen Wert.";
    WITHOUT_VALUE: "Without a value yet ({})", "尚无数值（{}）", "Noch ohne Wert ({})";
    ALL_ITEMS: "All outcomes", "全部结局指标", "Alle Endpunkte";
    BY_VISIT: "By visit", "按访视", "Nach Visite";
    BY_PERSON: "By person", "按人", "Nach Person";
    VISIT: "Visit", "访视", "Visite";
    LEAST: "Least", "最小", "Kleinster";
    QUARTILE_1: "1st quartile", "第一四分位", "1. Quartil";
    MEDIAN: "Median", "中位数", "Median";
    QUARTILE_3: "3rd quartile", "第三四分位", "3. Quartil";
    MOST: "Greatest", "最大", "Größter";
    STATISTICS_WHY: "Of numbers known exactly, those outside the window included. A quartile is the least value with that share at or below it, or the mean of it and the next.", "仅含确切已知的数值，含窗外值。四分位数为累计比例达到该份额的最小值，恰好相等时取其与下一值的平均。", "Von genau bekannten Zahlen, auch von außerhalb des Fensters. Ein Quartil ist der kleinste Wert, bis zu dem der Anteil reicht, oder das Mittel aus ihm und dem nächsten.";
    CAPTURED: "captured", "已采集", "erfasst";
    CAPTURED_OUTSIDE: "captured outside the window", "窗外采集", "außerhalb des Fensters erfasst";
    PART_CAPTURED: "some items captured", "部分已采集", "zum Teil erfasst";
    MISSED: "missed", "错过", "versäumt";
    OVERDUE: "overdue", "逾期", "überfällig";
    DUE: "due", "到期", "fällig";
    NOT_DUE: "not due", "未到期", "nicht fällig";
    ENDED: "visits had ended", "访视已结束", "Visiten waren beendet";
    KNOWN_IN_PART_COLUMN: "Known in part", "部分已知", "Zum Teil bekannt";
    MARK_LINE: "one person", "一人", "eine Person";
    MARK_BOX: "median and quartiles, least to greatest", "中位数与四分位数，最小至最大", "Median und Quartile, kleinster bis größter";
    MARK_WINDOW: "window of a visit", "访视窗", "Fenster einer Visite";
    MARK_LIMIT: "compared with by an outcome", "结局所用界值", "Grenze eines Endpunkts";
    MARK_IN_PART: "known in part", "部分已知", "zum Teil bekannt";
    MARK_END: "visits ended", "访视结束", "Visiten beendet";
    UNSCHEDULED: "unscheduled", "计划外", "außerplanmäßig";
    WATERFALL: "Best change since the baseline", "相对基线的最佳变化", "Beste Veränderung seit Beginn";
    WATERFALL_TOLD: "One bar for each of {} persons, the worst first; {} is better. The table beneath says the same.", "{} 人各一条，最差在前；{}为佳。下方表格内容相同。", "Ein Balken für jede von {} Personen, die schlechteste zuerst; {} ist besser. Die Tabelle darunter sagt dasselbe.";
    WITHOUT_CHANGE: "Without a change that can be told: {}", "无法给出变化者：{}", "Ohne angebbare Veränderung: {}";
    LOWER: "lower", "较低", "niedriger";
    HIGHER: "higher", "较高", "höher";
    CHANGE: "Change", "变化", "Veränderung";
    COMPLETENESS: "Completeness of visits: {}", "访视完整性：{}", "Vollständigkeit der Visiten: {}";
    COMPLETENESS_TOLD: "One row for each person, one mark for each visit. The tables beneath say the same.", "每人一行，每次访视一个标记。下方表格内容相同。", "Eine Zeile für jede Person, ein Zeichen für jede Visite. Die Tabellen darunter sagen dasselbe.";
    SHARE_CAPTURED: "Share captured", "采集比例", "Anteil erfasst";
    TIME_TO_EVENT: "Time to event: {}", "至事件时间：{}", "Zeit bis zum Ereignis: {}";
    SURVIVAL_TOLD: "Share without an event by Kaplan and Meier. Persons: {}, events: {}. The table beneath says the same.", "按 Kaplan–Meier 法的无事件比例。人数：{}，事件：{}。下方表格内容相同。", "Anteil ohne Ereignis nach Kaplan und Meier. Personen: {}, Ereignisse: {}. Die Tabelle darunter sagt dasselbe.";
    MARK_CURVE: "share without an event", "无事件比例", "Anteil ohne Ereignis";
    MARK_CENSORED: "followed up to here without an event", "随访至此未发生事件", "bis hier ohne Ereignis verfolgt";
    DAYS_SINCE_START: "days since the start", "自起点天数", "Tage seit Beginn";
    AT_RISK: "followed", "随访中", "verfolgt";
    MEDIAN_AT: "median {} days", "中位 {} 天", "Median {} Tage";
    DAYS: "Days", "天数", "Tage";
    EVENTS: "Events", "事件", "Ereignisse";
    EVENT_ON: "event on {}, day {}", "事件于 {}，第 {} 天", "Ereignis am {}, Tag {}";
    AND_MORE: "and {} more", "另外 {} 项", "und {} weitere";
    EVENT_AFTER: "event on day {}", "事件于第 {} 天", "Ereignis an Tag {}";
    CENSORED_AFTER: "none up to day {}", "截至第 {} 天未发生", "keines bis Tag {}";
    CENSORED_ON: "none up to {}, day {}", "截至 {} 未发生，第 {} 天", "keines bis {}, Tag {}";
    NOT_STARTED: "not started", "未开始", "nicht begonnen";
    GRADES: "Grades of results", "结果分级", "Grade der Ergebnisse";
    GRADES_WHY: "Persons by grade at the baseline and by their worst grade after it. A grade is a proposal for review, never an adverse event by itself.", "按基线分级与其后最差分级统计人数。分级仅供审阅，本身不构成不良事件。", "Personen nach Grad zu Beginn und nach ihrem schlechtesten danach. Ein Grad ist ein Vorschlag zur Prüfung, nie von selbst ein unerwünschtes Ereignis.";
    WORST: "Worst after it", "其后最差", "Schlechtester danach";
    GRADE_OF: "Baseline", "基线", "Zu Beginn";
    AT_LEAST_GRADE: "at least {}", "至少 {}", "mindestens {}";
    AT_LEAST_COUNT: "Of these, persons whose worst grade may be higher: {}", "其中最差分级可能更高者：{}", "Davon Personen, deren schlechtester Grad höher sein kann: {}";
    WITHOUT_RESULT: "Without a result after the baseline: {}", "基线后无结果者：{}", "Ohne Ergebnis nach Beginn: {}";
    OUTCOMES_OF: "Outcomes of {}", "{} 的结局指标", "Endpunkte von {}";
    TO_PERSON: "Verdict and criteria", "结论与标准", "Urteil und Kriterien";
    EXPOSURE: "Exposure", "用药暴露", "Exposition";
    NOT_GIVEN: "The study drug has not been given.", "尚未给予研究药物。", "Das Prüfpräparat wurde noch nicht gegeben.";
    WEIGHT_USED: "Weight used", "所用体重", "Verwendetes Gewicht";
    DAYS_ON_DRUG: "Days on drug", "用药天数", "Tage mit Präparat";
    DEVIATIONS: "Deviations", "方案偏离", "Abweichungen";
    NONE: "none", "无", "keine";
    DOSE_OUTSIDE: "dose outside the tolerance", "剂量超出容许范围", "Dosis außerhalb der Toleranz";
    DRUG_STOPPED: "administration stopped", "给药中止", "Gabe abgebrochen";
    GIVEN_AGAIN: "given again", "再次给药", "erneut gegeben";
    ADMINISTRATIONS: "Administrations", "给药", "Gaben";
    AMOUNT: "Amount", "量", "Menge";
    STILL_RUNS: "still running", "进行中", "läuft noch";
    CONCOMITANT: "Other drugs since day 0", "第 0 天后的其他药物", "Andere Mittel seit Tag 0";
    TIMELINE_OF: "Items by visit: {}", "各访视项目：{}", "Angaben nach Visite: {}";
    NOT_PLANNED: "No visit can be planned: the day from which they count is not known.", "无法安排访视：起算日未知。", "Keine Visite lässt sich planen: der Tag, ab dem sie zählen, ist nicht bekannt.";
    VISITS_ENDED: "Visits ended on {}: {}", "访视于 {} 结束：{}", "Visiten endeten am {}: {}";
    BY_DEATH: "died", "死亡", "verstorben";
    BY_WITHDRAWAL: "withdrawn", "撤回", "zurückgezogen";
    BY_OFF_STUDY: "off study", "退出研究", "nicht mehr in der Studie";
    BY_STOP: "collection stopped", "停止采集", "Erhebung beendet";
    AFTER_STOP: "Not used, because collection of their data had been stopped: {} facts.", "因已停止采集其数据而未使用：{} 条事实。", "Nicht verwendet, weil die Erhebung beendet war: {} Fakten.";
    SAME_DAY: "of day 0 without a time, taken to be from before", "第 0 天无具体时刻，视为用药前", "von Tag 0 ohne Uhrzeit, gilt als davor";
    CHANGED_BY: "change {}", "变化 {}", "Veränderung {}";
    FACTS_USED: "Where the numbers come from", "数值来源", "Woher die Zahlen kommen";
    VISITS_AND_REVIEWS: "Visits and reviews", "访视与审阅", "Visiten und Prüfungen";
    VISITS_WHY: "Worked out from the facts just now for whoever is on study or in follow-up, each by the definition under which they were registered.", "由现有事实即时计算，针对在研或随访中的人员，均按其登记时的定义。", "Gerade eben aus den Fakten berechnet für alle, die in der Studie oder in Nachbeobachtung sind, nach der Definition, unter der sie registriert wurden.";
    VISITS_BLINDED: "What is blinded is left out.", "设盲内容不显示。", "Verblindetes fehlt.";
    VISITS_OVERDUE: "Visits overdue", "逾期访视", "Überfällige Visiten";
    VISITS_DUE: "Visits due", "到期访视", "Fällige Visiten";
    GRADES_TO_JUDGE: "Grades to judge", "待判定分级", "Zu beurteilende Grade";
    ALL_WORK: "All", "全部", "Alles";
    WORK: "Work", "待办", "Aufgabe";
    JUDGE_GRADE: "judge the grade", "判定分级", "Grad beurteilen";
    LOOK_AT_DEVIATION: "look at the deviation", "查看方案偏离", "Abweichung ansehen";
    OVERDUE_SINCE: "overdue since {}", "自 {} 起逾期", "überfällig seit {}";
    DUE_UNTIL: "due until {}", "{} 前到期", "fällig bis {}";
    RESULT_OF_DAY: "result of {}", "{} 的结果", "Ergebnis vom {}";
    DAY_ZERO_ON: "day 0 on {}", "第 0 天：{}", "Tag 0 am {}";
    SOURCE_NUMBER: "source {}", "来源 {}", "Quelle {}";
}
