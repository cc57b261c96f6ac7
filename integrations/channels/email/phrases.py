"""The words by which mail clients announce older mail, in the languages of our desks.

Only tables: how they are used is in `lines.py` and `reply.py`.
"""

from typing import Final

# "On <date>, <name> WROTE:". Longest first is not needed: the matcher asks for word ends.
WROTE: Final = (
    # Germanic
    "wrote", "writes", "has written", "said", "schrieb", "schreibt", "hat geschrieben",
    "geschrieben", "schreef", "geschreven", "heeft geschreven", "schrijft", "skrev", "skreiv",
    "skriver", "har skrevet", "har skrivit", "skrifaði", "het geskryf",
    # Romance
    "a écrit", "a ecrit", "écrivait", "écrit", "escribió", "escribio", "ha escrito", "escribiu",
    "va escriure", "ha escrit", "ha scritto", "scrisse", "scrive", "escreveu", "escrevia",
    "a scris", "scria", "idatzi du",
    # Slavic
    "napisał", "napisała", "napisał(a)", "napisali", "pisze", "napsal", "napsala", "napsal(a)",
    "napísal", "napísala", "napísal(a)", "píše", "je napisal", "je napisala", "je oseba",
    "je napisao", "napisao", "napisala", "je napisao/la", "написао", "написала", "написал",
    "написал(а)", "написали", "писал", "писала", "писал(а)", "пишет", "написав", "написав(ла)",
    "пише", "написа", "напиша", "напісаў",
    # Others with spaces
    "kirjoitti", "kirjoittaa", "írta", "ezt írta", "kirjutas", "rašė", "parašė", "rakstīja",
    "yazdı", "şunu yazdı", "şunları yazdı", "έγραψε", "έγραψαν", "đã viết", "viết", "menulis",
    "sumulat", "shkroi", "כתב", "כתבה", "כתב/ה", "كتب", "كتبت", "نوشت", "ने लिखा",
)  # fmt: skip

# Scripts without spaces: found anywhere near the end of the line.
WROTE_JOINED: Final = (
    "写道", "寫道", "写了", "寫了", "撰写", "のメール", "のメッセージ", "さんは書きました",
    "書きました", "は書いた", "がきました", "님이 작성", "님이 다음과 같이 썼습니다", "썼습니다",
    "작성", "쓴 글", "เขียนว่า", "เขียน",
)  # fmt: skip

# First words of an attribution; only used to recognise a start, a date must follow.
ON: Final = (
    "on", "at", "am", "le", "el", "il", "il giorno", "em", "a", "op", "den", "dne", "dňa", "dnia",
    "w dniu", "dana", "la", "în data de", "la data de", "pe", "på", "le", "il", "em", "no dia",
    "el dia", "pada", "vào", "vào lúc", "στις", "tarih", "в", "у", "на", "od", "kl", "ти", "os",
    "o", "ngày", "בתאריך", "ב", "بتاريخ", "في", "þann", "ba", "in data",
)  # fmt: skip

# Labels of a quoted header block, by what they name. Matched before a colon, case ignored.
LABELS: Final[dict[str, tuple[str, ...]]] = {
    "from": (
        "from", "von", "de", "da", "van", "från", "fra", "od", "lähettäjä", "отправитель", "от",
        "від", "от кого", "发件人", "發件人", "寄件者", "寄件人", "差出人", "送信者", "보낸 사람",
        "보낸사람", "발신", "gönderen", "kimden", "feladó", "από", "expéditeur", "remitente",
        "mittente", "remetente", "afzender", "absender", "afsender", "avsender", "avsändare",
        "odesílatel", "odosielateľ", "nadawca", "de la", "expeditor", "מאת", "من", "saatja", "nuo",
        "no", "từ", "dari", "šalje", "pošiljatelj", "frá", "from (name)",
    ),
    "sent": (
        "sent", "gesendet", "envoyé", "envoyée", "enviado", "enviada", "inviato", "inviata",
        "verzonden", "verstuurd", "skickat", "sendt", "lähetetty", "wysłano", "wysłane",
        "data wysłania", "odesláno", "odoslané", "отправлено", "надіслано", "发送时间", "發送時間",
        "已傳送", "寄件日期", "已发送", "送信日時", "보낸 날짜", "보낸 시간", "gönderildi",
        "gönderme tarihi", "gönderilme zamanı", "elküldve", "küldve", "εστάλη", "στάλθηκε",
        "trimis",
        "נשלח", "تاريخ الإرسال", "saadetud", "išsiųsta", "nosūtīts", "đã gửi", "terkirim",
        "poslano",
        "enviat", "sent on", "sent at", "изпратено",
    ),
    "date": (
        "date", "datum", "data", "fecha", "dato", "päivämäärä", "päiväys", "dátum", "дата", "日期",
        "时间", "時間", "日付", "日時", "날짜", "tarih", "ημερομηνία", "dată", "תאריך", "التاريخ",
        "kuupäev", "ngày", "tanggal", "date sent", "datums", "envoyé le", "pvm",
    ),
    "to": (
        "to", "an", "à", "a", "para", "aan", "naar", "til", "till", "vastaanottaja", "do", "komu",
        "кому", "收件人", "收件者", "宛先", "받는 사람", "받는사람", "수신", "kime", "alıcı",
        "címzett", "προς", "către", "catre", "אל", "إلى", "saaja", "kam", "tới", "đến", "kepada",
        "za", "prima", "destinataire", "destinatario", "destinatário", "empfänger", "odbiorca",
        "mottagare", "modtager", "mottaker", "pour", "per", "bis", "do:", "kas",
    ),
    "cc": (
        "cc", "kopie", "copie", "copia", "cópia", "kopia", "kopi", "kopio", "dw", "копия", "копія",
        "копие", "抄送", "副本", "参照", "참조", "bilgi", "másolatot kap", "másolat", "κοιν",
        "κοινοποίηση", "עותק", "نسخة", "cco", "bcc", "ccn", "kopiya", "i kopi",
    ),
    "subject": (
        "subject", "betreff", "objet", "asunto", "oggetto", "assunto", "onderwerp", "ämne", "emne",
        "aihe", "temat", "předmět", "predmet", "тема", "относно", "主题", "主題", "件名", "표제",
        "제목", "konu", "tárgy", "θέμα", "subiect", "נושא", "الموضوع", "teema", "tema", "temats",
        "chủ đề", "subjek", "perihal", "re", "assumpte", "sujet", "efni", "zadeva", "naslov",
    ),
    "other": (
        "reply-to", "reply to", "antwort an", "antwortadresse", "répondre à", "responder a",
        "rispondi a", "risposta", "responder para", "antwoord aan", "odpowiedz do", "odpověď",
        "svar til", "ответить", "importance", "wichtigkeit", "importancia", "importanza",
        "importância", "priorität", "priority", "attachments", "anlagen", "pièces jointes",
        "archivos adjuntos", "allegati", "anexos", "bijlagen", "bilagor", "organization",
        "organisation", "newsgroups", "when", "where", "message-id", "resent-from", "bcc",
        "on behalf of", "im auftrag von", "附件", "重要性", "回复", "prioridade", "mailed-by",
    ),
}  # fmt: skip

# Inner text of "----- ... -----" lines, and of the same lines without dashes.
ORIGINAL: Final = (
    "original message", "original appointment", "original e-mail", "original email",
    "original mail", "reply message", "forwarded message", "forwarded by", "forwarded mail",
    "forwarded email", "begin forwarded message", "start of forwarded message", "forward message",
    "ursprüngliche nachricht", "originalnachricht", "original-nachricht", "original nachricht",
    "weitergeleitete nachricht", "weitergeleitet von", "anfang der weitergeleiteten nachricht",
    "beginn der weitergeleiteten nachricht", "ursprünglicher termin", "antwort an",
    "message d'origine", "message d’origine", "message original", "message initial",
    "message transféré", "message réexpédié", "début du message transféré",
    "début du message réexpédié", "courriel original", "e-mail d'origine", "mail original",
    "transféré par", "réacheminé par",
    "mensaje original", "mensaje reenviado", "inicio del mensaje reenviado", "correo original",
    "mensaje de origen", "reenviado por", "missatge original", "missatge reenviat",
    "messaggio originale", "messaggio inoltrato", "inizio messaggio inoltrato", "inoltrato da",
    "mensagem original", "mensagem encaminhada", "mensagem reencaminhada",
    "início da mensagem reenviada", "início da mensagem encaminhada", "encaminhado por",
    "oorspronkelijk bericht", "origineel bericht", "doorgestuurd bericht", "oorspronkelijke e-mail",
    "begin doorgestuurd bericht", "doorgestuurd door",
    "ursprungligt meddelande", "originalmeddelande", "vidarebefordrat meddelande",
    "vidarebefordrat mail", "vidarebefordrat brev", "ursprungligt mail",
    "oprindelig meddelelse", "originalmeddelelse", "videresendt meddelelse", "oprindelig besked",
    "videresendt besked", "start på videresendt besked", "original meddelelse",
    "opprinnelig melding", "originalmelding", "videresendt melding", "videresendt e-post",
    "alkuperäinen viesti", "välitetty viesti", "edelleenlähetetty viesti",
    "wiadomość oryginalna", "oryginalna wiadomość", "wiadomość pierwotna",
    "wiadomość przekazana", "przekazana wiadomość", "początek przekazywanej wiadomości",
    "původní zpráva", "přeposlaná zpráva", "předaná zpráva", "pôvodná správa",
    "preposlaná správa", "izvirno sporočilo", "izvorna poruka", "originalna poruka",
    "proslijeđena poruka",
    "исходное сообщение", "оригинальное сообщение", "пересылаемое сообщение",
    "пересланное сообщение", "переадресованное сообщение", "первоначальное сообщение",
    "начало переадресованного сообщения", "начало переадресованного письма",
    "вихідне повідомлення", "оригінальне повідомлення", "переслане повідомлення",
    "оригинално съобщение", "препратено съобщение",
    "eredeti üzenet", "továbbított üzenet", "mesaj original", "mesajul original",
    "mesaj redirecționat", "özgün ileti", "orijinal mesaj", "orijinal ileti", "iletilen mesaj",
    "yönlendirilen ileti", "αρχικό μήνυμα", "προωθημένο μήνυμα", "thư gốc", "tin nhắn gốc",
    "pesan asli", "pesan terusan", "algne kiri", "edastatud kiri", "הודעה מקורית",
    "הודעה שהועברה", "الرسالة الأصلية", "رسالة معاد توجيهها",
    "原始邮件", "原始郵件", "原邮件", "转发的邮件", "转发邮件", "轉寄的郵件", "轉寄郵件",
    "转发邮件信息", "邮件原件", "回复的原邮件", "下方為轉寄的郵件", "以下是转发的邮件",
    "元のメッセージ", "元のメール", "転送メッセージ", "転送されたメッセージ", "転送メール",
    "원본 메시지", "원본 메일", "전달된 메시지", "전달된 메일", "원래 메시지",
)  # fmt: skip

# "Reply above this line" of helpdesks; the line and all below it were not written by the sender.
REPLY_ABOVE: Final = (
    "reply above this line", "type your reply above this line", "write a reply above this line",
    "enter your reply above this line", "please reply above this line", "reply above line",
    "add your response above", "respond above this line", "your reply above this line",
    "write your reply above", "please do not write below this line", "do not write below",
    "antworten sie oberhalb dieser linie", "antworten sie über dieser zeile",
    "bitte antworten sie oberhalb", "bitte schreiben sie ihre antwort oberhalb",
    "antwort oberhalb dieser linie", "bitte oberhalb dieser linie antworten",
    "répondez au-dessus de cette ligne", "répondre au-dessus de cette ligne",
    "veuillez répondre au-dessus", "merci de répondre au-dessus", "écrivez votre réponse au-dessus",
    "responda por encima de esta línea", "responda encima de esta línea",
    "escriba su respuesta por encima", "rispondi sopra questa riga",
    "rispondere sopra questa linea",
    "rispondi sopra questa linea", "responda acima desta linha", "responder acima desta linha",
    "escreva sua resposta acima", "antwoord boven deze lijn", "antwoord boven deze regel",
    "reageer boven deze lijn", "typ uw antwoord boven", "svara ovanför denna linje",
    "svara ovanför den här raden", "svar over denne linje", "skriv svar over denne linje",
    "svar venligst over denne linje", "vastaa tämän rivin yläpuolelle",
    "odpowiedz powyżej tej linii", "odpovězte nad tímto řádkem", "odpovězte nad touto čárou",
    "ответьте выше этой линии", "ответьте выше этой строки", "пишите ответ выше этой линии",
    "请在此行上方回复", "請在此行上方回覆", "この行より上に返信", "この行より上に返信してください",
    "이 줄 위에 회신", "bu satırın üzerine yanıt",
)  # fmt: skip

# "Sent from my phone": a word for sending together with a device or program.
SENT: Final = (
    "sent", "gesendet", "versendet", "verschickt", "geschickt", "envoyé", "envoyée", "expédié",
    "enviado", "enviada", "enviat", "inviato", "inviata", "spedito", "verzonden", "verstuurd",
    "gestuurd", "skickat", "skickades", "skickad", "sendt", "lähetetty", "wysłano", "wysłane",
    "wysłana", "odesláno", "odoslané", "odoslane", "poslano", "отправлено", "послано", "надіслано",
    "відправлено", "изпратено", "küldve", "elküldve", "trimis", "gönderildi", "στάλθηκε",
    "εστάλη", "saadetud", "nosūtīts", "išsiųsta", "đã gửi", "gửi", "dikirim", "נשלח", "أرسل",
    "أُرسلت", "تم الإرسال", "ارسال", "発信", "送信", "发自", "發自", "发送自", "傳送", "寄自",
    "来自", "보냄", "보낸", "에서 보냄",
)  # fmt: skip
DEVICE: Final = (
    "iphon", "ipad", "ipod", "ios", "android", "samsung", "galaxy", "huawei", "xiaomi", "redmi",
    "pixel", "nokia", "htc", "motorola", "oneplus", "oppo", "sony xperia", "xperia", "blackberry",
    "windows phone", "windows 10", "windows 8", "windows mail", "outlook", "yahoo mail",
    "yahoo", "gmail", "k-9", "thunderbird", "mailbox", "airmail", "bluemail", "blue mail",
    "proton mail", "protonmail", "spark", "fairemail", "aqua mail", "aquamail", "nine", "hushmail",
    "mail für windows", "mail for windows", "mail.ru", "яндекс", "yandex", "почты", "mail",
    "mobile", "mobil", "mobiltelefon", "mobilgerät", "smartphone", "telefon", "teléfono",
    "telefone", "telefono", "téléphone", "phone", "handy", "tablet", "tablette", "cell",
    "móvil", "celular", "cellulare", "telefoon", "puhelin", "puhelimesta", "telefonu", "telefonem",
    "телефон", "телефона", "смартфона", "手机", "手機", "携帯", "スマートフォン", "휴대폰",
    "device", "appareil", "dispositivo", "gerät", "laptop", "webmail", "app", "free mobile",
    "邮箱", "メール", "スマホ", "wp.pl", "onet", "gmx", "web.de", "t-online", "orange", "aol",
)  # fmt: skip
