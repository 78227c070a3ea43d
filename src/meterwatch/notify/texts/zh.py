"""Simplified Chinese: one segment a message, and nothing a mainland carrier refuses."""

from meterwatch.domain.household import Role
from meterwatch.domain.notification import Answer, MessageKind
from meterwatch.domain.signal import (
    BATTERY,
    BELL,
    BELL_MISSED,
    BUTTON_SILENT,
    FLAT_FLOW,
    HUB_SILENT,
    LOW_USE,
    METER_SILENT,
    NO_USE,
    UNKNOWN_BELL,
)
from meterwatch.notify.texts.language import Language

_FOUR = "回复1收到 2出发 3平安 4无法 加编号"

ZH = Language(
    drill="演练：",
    first="居家安全：",
    again="第{ordinal}次：",
    home=("编号{code}住户", "有住户"),
    yours=("编号{code}住户", "您关注的住户"),
    area=("编号{code}片区", "有片区"),
    it=("编号{code}", "该提醒"),
    reasons={
        "repeat": "",
        "no_report": "尚无结果，",
        "declined": "有人去不了，",
        "not_reached": "未见到本人，",
    },
    worries={
        BELL: "{at}按铃求助",
        BELL_MISSED: "{at}可能按过铃",
        NO_USE: "长时间未用水",
        LOW_USE: "用水明显偏少",
        FLAT_FLOW: "水一直在流",
        METER_SILENT: "水表无信号，情况不明",
        HUB_SILENT: "多户水表无信号，情况不明",
        BATTERY: "设备电量低",
        BUTTON_SILENT: "呼叫铃无信号",
        UNKNOWN_BELL: "有未登记的呼叫铃被按下",
    },
    timeless={BELL: "按铃求助", BELL_MISSED: "可能按过铃"},
    other="有情况待核实",
    eased={"": "又有用水", FLAT_FLOW: "水不再一直流"},
    urge={
        "bell": "请立即联系或上门",
        "life": "请尽快联系或上门",
        "upkeep": "请安排检查",
    },
    how={"bell": _FOUR, "life": _FOUR, "upkeep": "回复1收到 2出发 4无法 加编号"},
    messages={
        MessageKind.ALERT: "{reason}{home}{worry}，{urge}。{how}",
        MessageKind.GOOD_NEWS: "{home}{eased}。见到本人或通话后请回复3加编号，报结果前仍会提醒",
        MessageKind.GOING: "{it}：{by}已出发，有结果再告知您",
        MessageKind.CLOSED: "{it}已有结果，不用再去了。谢谢您",
        MessageKind.ABSENCE: "{home}已报外出至{until}，其间不看用水。如不属实请回复：在家 加编号",
        MessageKind.COMING_BACK: "{home}报外出期间有用水，外出已结束，恢复看护",
        MessageKind.FIRST_USE: "{yours}今天{used}前已用水",
        MessageKind.VACANT: "您片区有{count}户按空置处理，不看用水，请核对。如有人住请告知社区",
    },
    variants={
        "absence.vacant": "{home}按无人居住处理，不再看用水。如不属实请回复：在家 加编号",
        "coming_back.left": "{home}又有用水，可能已回到家",
        "coming_back.vacant": "{home}原按无人居住处理，现有用水，恢复看护",
    },
    answers={
        "taken": "{it}已由{by}接手，谢谢您",
        "yours_already": "{it}已由您接手。见到本人或通话后请回复3加编号",
        "had_it": "{it}您已应答过。请回复2出发 3平安 4无法 加编号",
        "closed": "{it}已结束，不用再去了。谢谢您",
        "unclear": "没看懂您的回复。请" + _FOUR,
        "which": "您有多条未结提醒{codes}：请把数字和编号一起再回一次",
        "say_how": "{it}怎样确认平安的？请回复1上门 2电话 加编号",
        "not_allowed": "{it}不在您的联系范围，未登记。请联系社区",
        "away": "{it}已登记外出至{until}。提前回来请回复：在家 加编号",
        "home": "{it}外出已取消，恢复看护",
        "away_days": "请写明天数，1到7天，如：离家 3 再加编号",
        "away_refused": "{it}不能用短信报外出，请联系社区办理",
        "noted": "已收到您的短信，社区会查看",
    },
    recorded={
        Answer.ACKNOWLEDGE: "{it}已登记：收到。出发请回复2加编号，确认平安请回复3加编号",
        Answer.GOING: "{it}已登记：出发。见到本人后请回复3加编号",
        Answer.SAFE: "{it}已登记：平安。谢谢您",
        Answer.CANNOT: "{it}已登记：无法前往，马上通知其他人",
    },
    roles={
        Role.GUARDIAN: "监护人",
        Role.COMMUNITY: "社区联系人",
        Role.NEIGHBOUR: "邻居",
        Role.VOLUNTEER: "志愿者",
        Role.STREET_DUTY: "街道值班",
        Role.DISTRICT_DUTY: "区级值班",
        "operator": "值班台",
    },
    someone="其他人",
)
